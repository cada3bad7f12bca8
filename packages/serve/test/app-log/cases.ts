import { expect } from 'vitest';

const cause = { message: 'why', stack: expect.any(String) };

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
