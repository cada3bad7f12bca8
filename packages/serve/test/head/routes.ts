import { streamSSE } from 'hono/streaming';
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

app.get('/method', (c) => c.text(c.req.method, 200, { 'X-Method': c.req.method }));
