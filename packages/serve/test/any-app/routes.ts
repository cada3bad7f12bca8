import type { Context } from 'hono';
import { env } from 'hono/adapter';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { proxy } from 'hono/proxy';
import { requestId } from 'hono/request-id';
import { streamSSE } from 'hono/streaming';
import { timeout } from 'hono/timeout';
import { log } from '../../src/index.ts';
import { app } from '../fixture/app.ts';
import './reading-routes.ts';

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
  caused: () => new Error('outer', { cause: new TypeError('inner') }),
  'caused-by-string': () => new Error('outer', { cause: 'a string' }),
  'caused-by-empty-string': () => new Error('outer', { cause: '' }),
  'caused-by-null': () => new Error('outer', { cause: null }),
  'caused-by-itself': () => {
    const error = new Error('outer');
    return Object.assign(error, { cause: error });
  },
  'caused-deeply': () => {
    let error = new Error('level 0');
    for (let level = 1; level < 1_000; level += 1)
      error = new Error(`level ${level}`, { cause: error });
    return error;
  },
  'cause-getter': () =>
    Object.defineProperty(new Error('outer'), 'cause', {
      get() {
        throw new Error('from a getter');
      },
    }),
  aggregate: () => new AggregateError([new Error('first'), new Error('second')], 'outer'),
  'aggregate-of-none': () => new AggregateError([], 'outer'),
  'errors-revoked': () => {
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    return Object.assign(new Error('outer'), { errors: proxy });
  },
  'errors-with-getter': () => {
    const errors = [new Error('first')];
    Object.defineProperty(errors, 0, {
      get() {
        throw new Error('from a getter');
      },
    });
    return Object.assign(new Error('outer'), { errors });
  },
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

app.get('/throw/exception', () => {
  throw new HTTPException(500, { message: 'a secret', cause: new Error('the cause') });
});
app.get('/throw/exception-with-response', () => {
  const res = new Response('its own', { status: 503, headers: { 'Retry-After': '5' } });
  throw new HTTPException(503, { message: 'a secret', res });
});
app.get('/timeout', timeout(1), async () => {
  await new Promise(() => {}); // never
  return new Response();
});
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

// Responses of other classes than the global one, as libraries that bring their own make them.
class OtherResponse {
  readonly status: number;
  readonly headers: object;
  readonly body: unknown;
  constructor(body: unknown, status = 200, headers: object = new Headers({ 'X-Kind': 'other' })) {
    this.body = body;
    this.status = status;
    this.headers = headers;
  }
}
const chunks = async function* () {
  yield bytes('pla');
  yield bytes('in');
};
const others: Record<string, () => unknown> = {
  stream: () => new OtherResponse(source(bytes('pla'), bytes('in')), 201),
  iterable: () => new OtherResponse(chunks()),
  string: () => new OtherResponse('plain'),
  bytes: () => new OtherResponse(bytes('plain')),
  buffer: () => new OtherResponse(bytes('plain').buffer),
  blob: () => new OtherResponse(new Blob(['plain'], { type: 'text/css' })),
  null: () => new OtherResponse(null, 204),
  record: () => new OtherResponse('plain', 200, { 'X-Kind': 'other' }),
  entries: () => new OtherResponse(source(bytes('plain')), 200, [['X-Kind', 'other']]),
  map: () => new OtherResponse('plain', 200, new Map([['X-Kind', 'other']])),
};
for (const [what, make] of Object.entries(others)) {
  untyped.get(`/other/${what}`, make);
  untyped.get(`/other-async/${what}`, async () => make());
  app.use(`/other-behind/${what}`, async (c, next) => {
    await next();
    c.header('X-Behind', 'a middleware');
  });
  untyped.get(`/other-behind/${what}`, make);
}

app.get('/response-error', () => Response.error());
app.get('/response-error-async', async () => Response.error());
app.get('/response-json', () => Response.json({ plain: true }));
app.get('/response-redirect', () => Response.redirect('http://h/x', 303));

// Fields that belong to the connection.
const connectionFields = {
  Connection: 'keep-alive, X-Kept',
  'Keep-Alive': 'timeout=1',
  'Proxy-Connection': 'keep-alive',
  TE: 'trailers',
  Trailer: 'X-Trailer',
  'Transfer-Encoding': 'chunked',
  Upgrade: 'h2c',
  'X-Kept': 'yes',
};
app.get('/fields/text', (c) => c.text('plain', 200, connectionFields));
app.get('/fields/text-async', async (c) => c.text('plain', 200, connectionFields));
app.get('/fields/stream', (c) => c.body(source(bytes('plain')), 200, connectionFields));
app.get('/fields/headers', () => new Response('plain', { headers: new Headers(connectionFields) }));
app.get(
  '/fields/entries',
  () => new Response('plain', { headers: Object.entries(connectionFields) }),
);
app.get('/fields/buffer', (c) => c.body(bytes('plain').buffer, 200, connectionFields));
app.get('/fields/blob', () => new Response(new Blob(['plain']), { headers: connectionFields }));
app.get('/fields/gzip', (c) =>
  c.body(source(bytes('plain')), 200, { 'Transfer-Encoding': 'gzip, chunked' }),
);
app.get('/fields/lower', (c) => c.text('plain', 200, { 'transfer-encoding': 'chunked' }));
app.get('/fields/no-content', (c) => c.body(null, 204, connectionFields));
app.get('/fields/upgrade-required', (c) => c.text('plain', 426, { Upgrade: 'h2c' }));

// Lengths that are none.
app.get('/length', (c) => c.text('plain', 200, { 'Content-Length': c.req.query('is') ?? '' }));
app.get('/length-twice', () => {
  const headers = { 'Content-Length': '5', 'content-length': '6' };
  return new Response('plain', { headers });
});
app.get('/length-empty', (c) => c.body(null, 204, { 'Content-Length': '5' }));
app.get('/length-not-modified', (c) => c.body(null, 304, { 'Content-Length': '5' }));
app.get('/no-content-text', () => new Response('plain', { status: 204 }));
app.get('/no-content-stream', () => new Response(source(bytes('plain')), { status: 204 }));
app.get('/not-modified-text', () => new Response('plain', { status: 304 }));

// Header fields, given in every way.
const headerKinds: Record<string, (value: string) => NonNullable<ResponseInit['headers']>> = {
  record: (value) => ({ 'X-Value': value }),
  entries: (value) => [['X-Value', value]],
  headers: (value) => new Headers([['X-Value', value]]),
  map: (value) => new Map([['X-Value', value]]) as unknown as Headers, // types know it not
};
for (const [kind, headers] of Object.entries(headerKinds)) {
  const value = (c: Context) => c.req.query('value') ?? '';
  app.get(`/header-${kind}/sync`, (c) => new Response('sent', { headers: headers(value(c)) }));
  app.get(
    `/header-${kind}/async`,
    async (c) => new Response('sent', { headers: headers(value(c)) }),
  );
  app.get(
    `/header-${kind}/stream`,
    (c) => new Response(source(bytes('sent')), { headers: headers(value(c)) }),
  );
  app.get(
    `/header-${kind}/buffer`,
    async (c) => new Response(bytes('sent').buffer, { headers: headers(value(c)) }),
  );
  app.get(
    `/header-${kind}/error`,
    (c) => new Response('sent', { status: 500, headers: headers(value(c)) }),
  );
}
app.get('/header-name', (c) => c.text('sent', 200, { 'X Value': 'sent' }));
app.get('/header-name-async', async (c) => c.text('sent', 200, { 'X Value': 'sent' }));

// What a body carries.
const css = () => new Blob(['plain'], { type: 'text/css' });
const form = () => {
  const data = new FormData();
  data.set('a', 'plain');
  return data;
};
app.get('/type/blob', () => new Response(css()));
app.get('/type/blob-async', async () => new Response(css()));
app.get('/type/blob-of-c', (c) => c.body(css() as unknown as string)); // types know it not
app.get('/type/blob-of-c-header', (c) => {
  c.header('X-Kind', 'blob');
  return c.body(css() as unknown as string);
});
app.get('/type/blob-with-record', () => new Response(css(), { headers: { 'X-Kind': 'blob' } }));
app.get(
  '/type/blob-with-headers',
  () => new Response(css(), { headers: new Headers({ 'X-Kind': 'blob' }) }),
);
app.get('/type/blob-with-entries', () => new Response(css(), { headers: [['X-Kind', 'blob']] }));
app.get('/type/blob-copied', () => {
  const response = new Response(css());
  return new Response(response.body, response);
});
app.get('/type/blob-copied-twice', () => {
  const response = new Response(css());
  return new Response(new Response(response.body, response).body, response);
});
app.get('/type/blob-cloned', () => new Response(css()).clone());
app.get('/type/blob-with-init', () => new Response(css(), new Response(null)));
app.use('/type/blob-behind-header', async (c, next) => {
  await next();
  c.header('X-Kind', 'blob');
});
app.get('/type/blob-behind-header', () => new Response(css()));
app.use('/type/blob-behind-headers-set', async (c, next) => {
  await next();
  c.res.headers.set('X-Kind', 'blob');
});
app.get('/type/blob-behind-headers-set', () => new Response(css()));
app.use('/type/blob-behind-c-res', async (c, next) => {
  await next();
  c.res = new Response(c.res.body, c.res);
});
app.get('/type/blob-behind-c-res', () => new Response(css()));
app.get(
  '/own-type/record',
  () => new Response(css(), { headers: { 'Content-Type': 'text/plain; charset=UTF-8' } }),
);
app.get(
  '/own-type/headers',
  () =>
    new Response(css(), { headers: new Headers({ 'Content-Type': 'text/plain; charset=UTF-8' }) }),
);
app.get(
  '/own-type/entries',
  () => new Response(css(), { headers: [['Content-Type', 'text/plain; charset=UTF-8']] }),
);
app.get('/type/form', () => new Response(form()));
app.get('/type/form-async', async () => new Response(form()));
app.use('/type/form-behind', async (c, next) => {
  await next();
  c.header('X-Kind', 'form');
});
app.get('/type/form-behind', () => new Response(form()));
app.get('/type/search', () => new Response(new URLSearchParams({ a: 'plain', b: 'ä' })));
app.get(
  '/type/search-async',
  async () => new Response(new URLSearchParams({ a: 'plain', b: 'ä' })),
);
const arrays: Record<string, () => ConstructorParameters<typeof Response>[0]> = {
  'array-buffer': () => bytes('plain').buffer,
  'part-of-a-buffer': () => bytes('a plain one').subarray(2, 7),
  int8: () => new Int8Array(bytes('plain')),
  uint16: () => new Uint16Array(bytes('plains').buffer, 0, 2),
  'data-view': () => new DataView(bytes('a plain one').buffer, 2, 5),
};
for (const [kind, make] of Object.entries(arrays)) {
  app.get(`/array/${kind}`, () => new Response(make()));
  app.get(
    `/array-async/${kind}`,
    async () => new Response(make(), { headers: { 'X-Kind': kind } }),
  );
}

// Responses of another server.
const upstream = (c: Context) =>
  `${env<{ UPSTREAM: string }>(c).UPSTREAM}${new URL(c.req.url).search}`;
app.get('/fetch', (c) => fetch(upstream(c)));
app.get('/fetch-by-proxy', (c) => proxy(upstream(c)));
app.use('/fetch-behind', async (c, next) => {
  await next();
  c.header('X-Kind', 'fetched');
});
app.get('/fetch-behind', (c) => fetch(upstream(c)));

// Ids of requests.
app.use('/id/*', requestId());
app.get('/id/text', (c) => c.text('plain'));
app.get('/id/log', (c) => {
  log(c).info('logged');
  return c.text('plain');
});
app.get('/id/throw', () => {
  throw new Error('thrown: a secret');
});

// A client that leaves.
app.get('/until-abort', (c) => {
  const { signal } = c.req.raw;
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      log(c).info('aborted');
      resolve();
    });
  });
  c.executionCtx.waitUntil(aborted);
  const pull = async (controller: ReadableStreamDefaultController) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    controller.enqueue(bytes('x'));
  };
  return c.body(new ReadableStream({ pull }));
});

/** The ways to read a body; the last reads another server's, too. */
const readers: Record<string, (c: Context) => Promise<unknown>> = {
  text: (c) => c.req.text(),
  json: (c) => c.req.json(),
  'parse-body': (c) => c.req.parseBody(),
  'form-data': (c) => c.req.formData(),
  'array-buffer': (c) => c.req.arrayBuffer(),
  blob: (c) => c.req.blob(),
  'raw-json': (c) => c.req.raw.json(),
  async upstream(c) {
    await c.req.text();
    return (await fetch(upstream(c))).text();
  },
};
app.post('/read-by/:how', async (c) => {
  log(c).info('reading');
  await readers[c.req.param('how')]?.(c);
  return c.text('read');
});

// The URL of a request.
app.get('/url', (c) => c.text(c.req.url));
app.get('/redirect-to-url', (c) => c.redirect(new URL('/x', c.req.url)));
app.post('/csrf', csrf(), (c) => c.text('passed'));

// What the platform has.
app.get('/env', (c) => {
  const { FIXTURE } = env<{ FIXTURE: string }>(c);
  return c.json({
    FIXTURE,
    shown: Object.keys(env(c)).includes('takeError'),
  });
});
app.get('/execution-context', (c) => {
  const { executionCtx } = c;
  executionCtx.passThroughOnException();
  const members = ['tracing', 'exports', 'abort', 'takeError'];
  return c.json({
    props: executionCtx.props,
    members: members.filter(
      (name) => name in executionCtx && Reflect.get(executionCtx, name) !== undefined,
    ),
  });
});
app.get('/wait-until', (c) => {
  c.executionCtx.waitUntil(Promise.resolve());
  return c.text('later');
});
