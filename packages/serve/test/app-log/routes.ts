import { log } from '../../src/index.ts';
import { app } from '../fixture/app.ts';

// What an app may log. Each is owed what cases.ts says.

const circular: { self?: unknown; list?: unknown } = {};
circular.self = circular;
circular.list = [circular];

/** As a database's client makes it. */
const conflict = Object.assign(new Error('duplicate key'), {
  code: '23505',
  detail: 'Key (slug)=(a) already exists.',
  status: 409,
  isRetryable: false,
  request: { headers: { Authorization: 'Bearer a secret' } },
});

const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

const invisible = () => '\u200b'.repeat(300_000);

/** The fields that an app gives, by name; code without types may give anything. Large ones are made when they are needed. */
const given: Record<string, unknown> = {
  none: undefined,
  null: null,
  plain: { slug: 'a', count: 1, list: [1, { deep: true }], nothing: null, missing: undefined },
  bigint: { count: 10n, nested: { count: 10n } },
  circular: { circular, again: circular, kept: 1 },
  'a-thrown-error': conflict,
  'a-thrown-string': 'a string',
  'a-list': ['a', 'b'],
  'a-map': new Map([['slug', 'a']]),
  'own-fields': { error: conflict },
  map: {
    map: new Map<unknown, unknown>([
      ['a', new Map([[1, 2n]])],
      [1, 'x'],
      ['1', 'y'],
    ]),
  },
  set: { set: new Set(['a', new Set(['b'])]), empty: new Set() },
  headers: { headers: new Headers({ Accept: '*/*' }), empty: new Headers() },
  query: { query: new URLSearchParams('a=1&b=2&a=3') },
  'to-text': { date: new Date(0), url: new URL('http://localhost/a') },
  named: { pattern: /a+/, promise: Promise.resolve(), empty: {}, bare: Object.create(null) },
  revoked: { revoked: revoked(), kept: 1 },
  'a-revoked-proxy': revoked(),
  sparse: { list: [1, undefined, () => {}, null] },
  names: { ['__proto__']: 'a', constructor: 'b', 'a b': 'c' },
  error: { error: new Error('failed', { cause: new TypeError('why') }), kept: 1 },
  'nested-error': { errors: [new Error('first')], kept: 1 },
  huge: () => ({ text: 'x'.repeat(1_000_000), list: Array(100_000).fill(1), kept: 1 }),
  many: () =>
    Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field${i}`, 'x'.repeat(100)])),
  'long-names': () =>
    Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`${'n'.repeat(50_000)}${i}`, i])),
  'long-error': () =>
    Object.assign(new Error('\u200b'.repeat(10_000), { cause: conflict }), {
      ...Object.fromEntries(
        Array.from({ length: 64 }, (_, i) => [`${invisible()}${i}`, invisible()]),
      ),
    }),
  invisible: () => ({ first: invisible(), [`${invisible()}!`]: invisible() }),
  deep: () => Array.from({ length: 10_000 }).reduce((inner) => ({ inner }), {}),
  ours: { time: 't', level: 'l', id: 'i', id_: 'j', message: 'm', kept: 1 },
  'own-getter': Object.defineProperty({ kept: 1 }, 'value', {
    enumerable: true,
    get() {
      throw new Error('from a getter');
    },
  }),
  'to-json': {
    kept: 1,
    value: {
      toJSON() {
        throw new Error('from toJSON');
      },
    },
  },
  symbol: { value: Symbol('a symbol'), call: () => {}, kept: 1 },
  control: { text: 'a\nb\u2028c\u001b[31m\u2800' },
  'long-message': {},
};

app.use('/log/*', async (c, next) => {
  await next();
  c.header('X-Behind', 'a middleware');
});
app.get('/log/:level/:what', (c) => {
  const { level, what } = c.req.param();
  const untyped: Record<string, (message: string, fields: unknown) => void> = log(c);
  const message = what === 'long-message' ? invisible() : what;
  const value = given[what];
  untyped[level]?.(message, typeof value === 'function' ? value() : value);
  return c.text('logged');
});
