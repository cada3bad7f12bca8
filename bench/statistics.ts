/** The median. */
export const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
};

/** The smallest value: what disturbs the machine only makes it larger. */
export const best = (values: number[]): number => Math.min(...values);

/** The quotients round by round: what slows the machine in a round slows both servers. */
export const ratios = (dividends: number[], divisors: number[]): number[] =>
  dividends.map((value, round) => value / (divisors[round] ?? NaN));

/** The quotient of the best rounds. */
export const bestRatio = (dividends: number[], divisors: number[]): number =>
  best(dividends) / best(divisors);

/** A number as a page shows it. */
export const format = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** "median (min–max)", or the value if it is the only one. */
export const withRange = (values: number[], digits: number): string => {
  if (values.length === 1) return format(median(values), digits);
  const [m, min, max] = [median(values), Math.min(...values), Math.max(...values)];
  return `${format(m, digits)} (${format(min, digits)}–${format(max, digits)})`;
};
