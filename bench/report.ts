import { CONNECTIONS, FIXED_RATE, type Figures } from './measure.ts';
import { type Server, servers } from './servers.ts';

/** All that was measured. */
export interface Results {
  /** Each server's figures, round by round. */
  rounds: Map<Server, Figures[]>;
  /** The Worker's bundle, gzipped. */
  workerKilobytes: number;
  /** When, where and how. */
  about: Record<string, string>;
}

const { goFile, goPipe, productFile, productAgain, productPipe, productNull } = servers;
const { nodeHttp, fastify } = servers;

type Ratio = [dividend: Server, divisor: Server];
const goals: [what: string, Ratio, keyof Figures, relation: '≤' | '≥', limit: number][] = [
  ['processor time, ours to Go, log in a file', [productFile, goFile], 'total', '≤', 1.05],
  ['processor time, ours to Go, log into a pipe', [productPipe, goPipe], 'total', '≤', 0.95],
  ['processor time, node:http to ours, without a log', [nodeHttp, productNull], 'total', '≥', 0.8],
  ['requests/s, ours to Fastify', [productFile, fastify], 'requestsPerSecond', '≥', 1.3],
  ['first response, ours to node:http', [productFile, nodeHttp], 'firstResponse', '≤', 1.25],
  ['peak memory, ours to node:http', [productFile, nodeHttp], 'peakMemory', '≤', 1.15],
];

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
};

const format = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const withRange = (values: number[], digits: number): string => {
  const [m, min, max] = [median(values), Math.min(...values), Math.max(...values)];
  return `${format(m, digits)} (${format(min, digits)}–${format(max, digits)})`;
};

const table = (head: string[], rows: string[][]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const best = (figures: Figures[]): Figures => figures.reduce((a, b) => (b.total < a.total ? b : a));

/** The results as tables in Markdown. */
export const tables = ({ rounds, workerKilobytes }: Results): string => {
  const values = (server: Server, metric: keyof Figures): number[] =>
    (rounds.get(server) ?? []).map((figures) => figures[metric]);
  const ratios = ([dividend, divisor]: Ratio, metric: keyof Figures): number[] => {
    const divisors = values(divisor, metric);
    return values(dividend, metric).map((value, round) => value / (divisors[round] ?? NaN));
  };

  const goalRows = goals.map(([what, ratio, metric, relation, limit]) => {
    const measured = ratios(ratio, metric);
    const holds = (value: number) => (relation === '≤' ? value <= limit : value >= limit);
    const reached = holds(median(measured));
    const agreeing = measured.filter((value) => holds(value) === reached).length;
    return [
      what,
      `${relation} ${limit}`,
      withRange(measured, 2),
      withRange(ratios([productAgain, productFile], metric), 2),
      `${reached ? 'yes' : 'no'}, ${agreeing} of ${measured.length} rounds`,
    ];
  });
  const size = format(workerKilobytes, 2);
  goalRows.push(['Worker, kB gzip', '≤ 10', size, '', workerKilobytes <= 10 ? 'yes' : 'no']);

  const timeRows = [...rounds].map(([server, figures]) => {
    const { total, user, system } = best(figures);
    const times = [total, user, system].map((time) => format(time, 1));
    return [server.name, ...times, withRange(values(server, 'total'), 1)];
  });

  const otherRows = [...rounds.keys()].map((server) => [
    server.name,
    withRange(values(server, 'requestsPerSecond'), 0),
    withRange(values(server, 'p50'), 2),
    withRange(values(server, 'p99'), 2),
    withRange(values(server, 'peakMemory'), 0),
    withRange(values(server, 'firstResponse'), 0),
  ]);

  return `## Processor time

Microseconds per request, all threads: the best round, and the median (min–max) beside it.

${table(['', 'best', 'user', 'system', 'median'], timeRows)}

## Goals

Ratios are taken within each round, where what slows the machine slows both servers: median (min–max).
A/A is the same ratio between two processes of edge-ping; a difference within its range means nothing.
The last column says whether the median reaches the goal, and how many rounds agree.

${table(['edge-ping', 'goal', 'measured', 'A/A', 'reached'], goalRows)}

## Throughput, latency, memory and start

Median (min–max). Latencies are measured at ${format(FIXED_RATE, 0)} requests/s, from the time a request was due.

${table(['', 'requests/s', 'p50 ms', 'p99 ms', 'peak MB', 'first response ms'], otherRows)}
`;
};

/** The results as a page, with a chart that GitHub draws. */
export const page = (results: Results): string => {
  const names = [...results.rounds.keys()].map(({ name }) => `"${name}"`);
  const times = [...results.rounds.values()].map((figures) => best(figures).total.toFixed(1));
  const about = Object.entries(results.about).map(([what, value]) => `- ${what}: ${value}`);
  return `# Speed

Written by \`npm run bench\`: \`GET /\` on ${CONNECTIONS} keep-alive connections, the server on one core and the load
on another. Every round starts all servers afresh and loads them in turn, for a second at a time.

\`\`\`mermaid
xychart-beta horizontal
  title "Processor time per request, µs, best round"
  x-axis [${names.join(', ')}]
  bar [${times.join(', ')}]
\`\`\`

${tables(results)}
## How and where

${about.join('\n')}
`;
};
