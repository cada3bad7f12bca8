import { expect } from 'vitest';

const cause = { message: 'why', stack: expect.any(String) };

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

/** Values of `traceparent`, and the trace id that the logs have of each. */
export const traceparents: [string, string | undefined][] = [
  [`00-${traceId}-00f067aa0ba902b7-01`, traceId],
  [`00-${traceId}-00f067aa0ba902b7-00`, traceId],
  [`01-${traceId}-00f067aa0ba902b7-01-more`, traceId], // of a later version
  [`00-${traceId}-00f067aa0ba902b7-01-more`, undefined],
  [`ff-${traceId}-00f067aa0ba902b7-01`, undefined],
  [`00-${traceId.toUpperCase()}-00f067aa0ba902b7-01`, undefined],
  [`00-${'0'.repeat(32)}-00f067aa0ba902b7-01`, undefined],
  [`00-${traceId}-${'0'.repeat(16)}-01`, undefined],
  [`00-${traceId}-00f067aa0ba902b7`, undefined],
  ['x', undefined],
  ['', undefined],
];

/** What a line has beside its time, its level, its id and its message, by the names of routes.ts. */
export const cases: Record<string, Record<string, unknown>> = {
  none: {},
  null: {},
  plain: { slug: 'a', count: 1, list: [1, { deep: true }], nothing: null },
  bigint: { count: '10', nested: { count: '10' } },
  circular: { circular: expect.any(String), kept: 1 },
  error: { error: { message: 'failed', stack: expect.any(String), cause }, kept: 1 },
  'nested-error': { errors: [{ message: 'first', stack: expect.any(String) }], kept: 1 },
  huge: {
    text: expect.stringMatching(/^.?x{8000,8192}$/),
    list: expect.stringMatching(/^\[(1,){4000,}/),
    kept: 1,
  },
  ours: { kept: 1 },
  'own-getter': { kept: 1, value: expect.any(String) },
  'to-json': { kept: 1, value: expect.any(String) },
  symbol: { value: expect.any(String), kept: 1 },
  control: { text: 'a\nb\u2028c\u001b[31m' },
};
