/**
 * The smaller of two integers: the guide's example of a function with a unit test.
 * @see https://docs.docker.com/guides/golang/run-tests/
 */
export const intMin = (a: number, b: number): number => Math.min(a, b);
