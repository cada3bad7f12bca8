/**
 * About so many cases, spread over a table: for a target that can't differ much from another that runs
 * all of them.
 */
export const sample = <Case>(cases: readonly Case[], count: number): Case[] => {
  const step = Math.max(1, Math.floor(cases.length / count));
  return cases.filter((_, index) => index % step === 0);
};
