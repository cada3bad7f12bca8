import { expect } from 'vitest';

const unshown = 'a value that cannot be shown';

/** An error with what it has of its own, but for objects. */
const conflict = {
  message: 'duplicate key',
  stack: expect.any(String),
  code: '23505',
  detail: 'Key (slug)=(a) already exists.',
  status: 409,
  isRetryable: false,
};

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

/** Fields whose names a line has already. */
export const ours = { time_: 't', level_: 'l', id_: 'i', id__: 'j', message_: 'm', kept: 1 };

/** What a line has beside its time, its level, its id and its message, by the names of routes.ts. */
export const cases: Record<string, Record<string, unknown>> = {
  none: {},
  null: {},
  plain: { slug: 'a', count: 1, list: [1, { deep: true }], nothing: null },
  bigint: { count: '10', nested: { count: '10' } },
  circular: {
    circular: { self: '[circular]', list: ['[circular]'] },
    again: { self: '[circular]', list: ['[circular]'] },
    kept: 1,
  },
  'a-thrown-error': { error: conflict },
  'a-thrown-string': { value: 'a string' },
  'a-list': { value: ['a', 'b'] },
  'a-map': { slug: 'a' },
  'own-fields': { error: conflict },
  map: { map: { a: { 1: '2' }, 1: 'x', '1_': 'y' } },
  set: { set: ['a', ['b']], empty: [] },
  headers: { headers: { accept: '*/*' }, empty: {} },
  query: { query: { a: '1', b: '2', a_: '3' } },
  'to-text': { date: '1970-01-01T00:00:00.000Z', url: 'http://localhost/a' },
  named: { pattern: '[object RegExp]', promise: '[object Promise]', empty: {}, bare: {} },
  revoked: { revoked: unshown, kept: 1 },
  'a-revoked-proxy': { value: unshown },
  sparse: { list: [1, null, null, null] },
  names: { __proto___: 'a', constructor_: 'b', 'a b': 'c' },
  error: { error: { message: 'failed', stack: expect.any(String), cause }, kept: 1 },
  'nested-error': { errors: [{ message: 'first', stack: expect.any(String) }], kept: 1 },
  huge: {
    text: expect.stringMatching(/^x{7000,8192}$/),
    list: expect.arrayContaining([1, '…']),
    kept: 1,
  },
  ours,
  'own-getter': { kept: 1, value: unshown },
  'to-json': { kept: 1, value: unshown },
  symbol: { value: expect.any(String), kept: 1 },
  control: { text: 'a\nb\u2028c\u001b[31m\u2800' },
};
