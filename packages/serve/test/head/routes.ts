import { type Context, Hono } from 'hono';
import { env } from 'hono/adapter';
import { proxy } from 'hono/proxy';
import { streamSSE } from 'hono/streaming';
import { watch } from '../../src/index.ts';
import { app } from '../fixture/app.ts';

// Bodies that do not end by themselves, and how many of their sources are alive.

let alive = 0;

/** A body that sends a number of chunks, or never stops. */
const endless = (chunks = Infinity) => {
  alive += 1;
  let sent = 0;
  return new ReadableStream({
    async pull(controller) {
      if (sent === chunks) return new Promise(() => {});
      sent += 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
      controller.enqueue(new TextEncoder().encode('more\n'));
    },
    cancel() {
      alive -= 1;
    },
  });
};

app.get('/head/endless', (c) => c.body(endless()));
app.get('/head/endless-async', async (c) => c.body(endless()));
app.get('/head/endless-plain', () => new Response(endless()));
app.get('/head/endless-behind-middleware', async (c, next) => {
  await next();
  c.header('X-Late', 'yes');
});
app.get('/head/endless-behind-middleware', (c) => c.body(endless()));
app.get('/head/silent', (c) => c.body(endless(0)));
app.get('/head/silent-after-one', (c) => c.body(endless(1)));
app.get('/head/silent-after-ten', (c) => c.body(endless(10)));

// As a middleware does that copies a response.
const copied = (response: Response) => new Response(response.body, response);
app.get('/head/endless-copied', (c) => copied(c.body(endless())));
app.get('/head/silent-copied', (c) => copied(c.body(endless(0))));
app.get('/head/silent-after-one-copied', async (c) => copied(c.body(endless(1))));

app.get('/head/events', (c) =>
  streamSSE(c, async (stream) => {
    alive += 1;
    const aborted = new Promise<void>((resolve) => stream.onAbort(resolve));
    await stream.writeSSE({ data: 'first' });
    await aborted;
    alive -= 1;
  }),
);
app.get('/head/upstream', (c) => fetch(c.req.query('url') ?? ''));
app.get('/alive', (c) => c.text(String(alive)));
app.mount('/head/mounted', watch(new Hono().get('/endless', (c) => c.body(endless()))).fetch);

/** Responds with the method that a part of the app has seen. */
const show = (c: Context, { method }: { method: string } = c.req) =>
  c.text('shown', 200, { 'X-Method': method });
const shown = new Hono().get('/', (c) => show(c));
const upstream = (c: Context) => env<{ UPSTREAM: string }>(c).UPSTREAM;

const methods = new Hono();
methods.get('/handler', (c) => show(c));
methods.get('/raw', (c) => show(c, c.req.raw));
methods.get('/clone', (c) => show(c, c.req.raw.clone()));
methods.get('/new-request', (c) => show(c, new Request('http://h/', c.req.raw)));
methods.get('/before', async (c, next) => {
  c.header('X-Method', c.req.method);
  await next();
});
methods.get('/behind', async (c, next) => {
  await next();
  c.header('X-Method', c.req.method);
});
methods.get('/before', (c) => c.text('shown'));
methods.get('/behind', (c) => c.text('shown'));
methods.get('/fetch', (c) => fetch(new Request(upstream(c), c.req.raw)));
methods.get('/proxy', (c) => proxy(upstream(c), c.req));
methods.get('/on-error', () => {
  throw new Error('thrown');
});
methods.onError((_, c) => show(c));
methods.route('/routed', shown);
methods.mount('/mounted', shown.fetch);
methods.mount('/mounted-and-watched', watch(new Hono().route('/', shown)).fetch);
methods.all('/upload', (c) =>
  c.req.method === 'HEAD'
    ? c.body(null, 200, { 'Upload-Offset': '5', 'Upload-Length': '10' })
    : c.notFound(),
);
methods.all('/procedure', (c) => c.body(null, c.req.method === 'HEAD' ? 204 : 400));
app.route('/method', methods);
