import { log } from '../../src/index.ts';
import { app } from '../fixture/app.ts';

// What an app may log. Each is owed what cases.ts says.

const circular: { self?: unknown } = {};
circular.self = circular;

/** The fields that an app gives, by name; code without types may give anything. */
const given: Record<string, unknown> = {
  none: undefined,
  null: null,
  plain: { slug: 'a', count: 1, list: [1, { deep: true }], nothing: null, missing: undefined },
  bigint: { count: 10n, nested: { count: 10n } },
  circular: { circular, kept: 1 },
  error: { error: new Error('failed', { cause: new TypeError('why') }), kept: 1 },
  'nested-error': { errors: [new Error('first')], kept: 1 },
  huge: { text: 'x'.repeat(1_000_000), list: Array(100_000).fill(1), kept: 1 },
  many: Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => [`field${i}`, 'x'.repeat(100)]),
  ),
  ours: { time: 't', level: 'l', id: 'i', message: 'm', kept: 1 },
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
  control: { text: 'a\nb\u2028c\u001b[31m' },
  'long-message': {},
};

app.use('/log/*', async (c, next) => {
  await next();
  c.header('X-Behind', 'a middleware');
});
app.get('/log/:level/:what', (c) => {
  const { level, what } = c.req.param();
  const untyped: Record<string, (message: string, fields: never) => void> = log(c);
  const message = what === 'long-message' ? 'm'.repeat(100_000) : what;
  untyped[level]?.(message, given[what] as never);
  return c.text('logged');
});
