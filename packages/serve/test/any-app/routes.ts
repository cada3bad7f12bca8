import { env } from 'hono/adapter';
import { getCookie } from 'hono/cookie';
import { HTTPException } from 'hono/http-exception';
import { streamSSE } from 'hono/streaming';
import { app } from '../fixture/app.ts';

// What people put in place of ping. Each route is owed what cases.ts says.

const circular: { self?: unknown } = {};
circular.self = circular;

const withMessage = (message: unknown): Error => Object.assign(new Error(), { message });

/** What can be thrown, by name. */
const throwable: Record<string, () => unknown> = {
  error: () => new Error('thrown: a secret'),
  string: () => 'a thrown string',
  'empty-string': () => '',
  undefined: () => undefined,
  null: () => null,
  bigint: () => 10n,
  symbol: () => Symbol('thrown'),
  'null-object': () => Object.create(null),
  'object-with-message': () => ({ message: 'of an object' }),
  revoked: () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
  'message-empty': () => new Error(),
  'message-undefined': () => withMessage(undefined),
  'message-null': () => withMessage(null),
  'message-bigint': () => withMessage(10n),
  'message-circular': () => withMessage(circular),
  'message-symbol': () => withMessage(Symbol('message')),
  'message-null-object': () => withMessage(Object.create(null)),
  'message-getter': () =>
    Object.defineProperty(new Error(), 'message', {
      get() {
        throw new Error('from a getter');
      },
    }),
  'stack-bigint': () => Object.assign(new Error('with a stack of 10n'), { stack: 10n }),
  'long-message': () => new Error('m'.repeat(100_000)),
  'get-response': () =>
    Object.assign(new Error('its response throws'), {
      getResponse() {
        throw new Error('from getResponse');
      },
    }),
  'get-no-response': () =>
    Object.assign(new Error('it has no response'), { getResponse: () => 'none' }),
};
const thrown = (what: string) => throwable[what]?.();

app.get('/throw/:what', (c) => {
  throw thrown(c.req.param('what'));
});
app.get('/reject/:what', async (c) => {
  throw thrown(c.req.param('what'));
});
app.use('/behind-middleware/*', async (_, next) => next());
app.get('/behind-middleware/throw/:what', (c) => {
  throw thrown(c.req.param('what'));
});
app.get('/teapot', () => {
  throw new HTTPException(418, { message: 'short and stout' });
});

// What is no Response: only code without types returns it.
const returned: Record<string, unknown> = { string: 'text', number: 1, object: {}, true: true };
const untyped: { get(path: string, handler: unknown): unknown } = app;
for (const [what, value] of Object.entries(returned)) {
  untyped.get(`/return/${what}`, () => value);
  untyped.get(`/return-async/${what}`, async () => value);
}

// What a platform may refuse to send.
const source = (...chunks: unknown[]) =>
  new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
const bytes = (text: string) => new TextEncoder().encode(text);
app.get('/header', (c) => c.text('sent', 200, { 'X-Value': c.req.query('value') ?? '' }));
app.get('/header-async', async (c) =>
  c.text('sent', 200, { 'X-Value': c.req.query('value') ?? '' }),
);
app.get('/header-stream', (c) =>
  c.body(source(bytes('sent')), 200, { 'X-Value': c.req.query('value') ?? '' }),
);
app.get('/redirect', (c) => c.redirect(c.req.query('to') ?? ''));
app.get('/status', (c) => new Response(null, { status: Number(c.req.query('code')) }));
app.get(
  '/status-async',
  async (c) => new Response('sent', { status: Number(c.req.query('code')) }),
);

app.get('/header-native', async (c) =>
  c.body(bytes('sent').buffer, 200, { 'X-Value': c.req.query('value') ?? '' }),
);
app.get(
  '/status-native',
  async (c) => new Response(bytes('sent').buffer, { status: Number(c.req.query('code')) }),
);

// Bodies.
app.get('/blob', () => new Response(new Blob(['plain'])));
app.get('/length-long', (c) => c.body('plain', 200, { 'Content-Length': '9' }));
app.get('/length-short', async (c) => c.body('plain', 200, { 'Content-Length': '3' }));
app.get('/length-stream', (c) => c.body(source(bytes('plain')), 200, { 'Content-Length': '9' }));
app.get('/json', (c) => c.json({ plain: true }));
app.get('/text', (c) => c.text('plain'));
app.get('/bytes', (c) => c.body(bytes('plain')));
app.get('/buffer', (c) => c.body(bytes('plain').buffer));
app.get('/no-content', (c) => c.body(null, 204));
app.get('/stream', (c) => c.body(source(bytes('pla'), bytes('in'))));
app.get('/stream-async', async (c) => c.body(source(bytes('pla'), bytes('in'))));
app.get('/native', async () => new Response(await new Response('plain').arrayBuffer()));
app.get('/sse', (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: 'plain' });
  }),
);
app.get('/own-nosniff', (c) => c.text('plain', 200, { 'X-Content-Type-Options': 'nosniff' }));
app.get(
  '/own-nosniff-plain',
  () => new Response('plain', { headers: { 'x-Content-type-Options': 'nosniff' } }),
);

/** A body that sends five bytes and then fails. */
const failing = (error: unknown) => {
  let isFirst = true;
  return new ReadableStream({
    async pull(controller) {
      if (isFirst) controller.enqueue(bytes('start'));
      else {
        await new Promise((resolve) => setTimeout(resolve, 20)); // what was sent shall arrive
        controller.error(error);
      }
      isFirst = false;
    },
  });
};
app.get('/stream-error', (c) => c.body(failing(new Error('the source failed: a secret'))));
app.get('/stream-error-async', async (c) =>
  c.body(failing(new Error('the source failed: a secret'))),
);
app.get('/stream-error-undefined', (c) => c.body(failing(undefined)));
app.get('/stream-error-at-once', (c) =>
  c.body(new ReadableStream({ start: (controller) => controller.error(new Error('at once')) })),
);
app.get('/stream-number', (c) => c.body(source(1)));
app.get('/stream-locked', (c) => {
  const response = c.body(source(bytes('taken')));
  response.body?.getReader();
  return response;
});

// What the platform has.
app.get('/env', (c) => {
  const { FIXTURE } = env<{ FIXTURE: string }>(c);
  return c.json({
    FIXTURE,
    shown: Object.keys(env(c)).includes('takeError'),
  });
});
app.get('/wait-until', (c) => {
  c.executionCtx.waitUntil(Promise.resolve());
  return c.text('later');
});

// What Hono decodes beside the path.
app.get('/query', (c) => c.json(c.req.query()));
app.get('/cookie', (c) => c.json(getCookie(c)));
app.get('/param/:name', (c) => c.text(c.req.param('name')));

// Bodies of requests.
app.post('/read', async (c) => c.text(await c.req.text()));
app.post('/read-json', async (c) => c.json(await c.req.json()));
app.post('/echo', (c) => new Response(c.req.raw.body));
