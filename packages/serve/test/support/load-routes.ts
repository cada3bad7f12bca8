import { randomBytes } from 'node:crypto';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { streamSSE } from 'hono/streaming';
import { app } from '../fixture/app.ts';

// What keeps a server busy.
app.get('/never', () => new Promise<never>(() => {}));
app.get('/large', (c) => c.body('x'.repeat(Number(c.req.query('bytes')))));
app.get('/large-stream', (c) => {
  let left = Number(c.req.query('bytes'));
  const pull = (controller: ReadableStreamDefaultController) => {
    if (left <= 0) return controller.close();
    controller.enqueue(Buffer.alloc(Math.min(left, 16_384), 'x'));
    left -= 16_384;
  };
  return c.body(new ReadableStream({ pull }));
});
app.get('/large-later', async (c) => {
  await nextTurn();
  return c.body('x'.repeat(Number(c.req.query('bytes'))));
});

app.get('/proxied', (c) => fetch(c.req.query('url') ?? ''));

const noise = randomBytes(16_384); // which no coding makes shorter
app.get('/compressed', compress(), (c) => {
  const pull = (controller: ReadableStreamDefaultController) => controller.enqueue(noise);
  return c.body(new ReadableStream({ pull }), 200, { 'Content-Type': 'text/plain' });
});
app.get('/large-events', (c) =>
  streamSSE(c, async (stream) => {
    while (!stream.aborted) await stream.writeSSE({ data: 'x'.repeat(200_000) });
  }),
);
app.post('/read-limited', bodyLimit({ maxSize: 1_048_576 }), async (c) => {
  await c.req.json();
  return c.text('read');
});
app.post('/read-later', async (c) => {
  const body = await c.req.arrayBuffer();
  await sleep(1_000);
  return c.text(String(body.byteLength));
});
app.post('/read-slowly', async (c) => {
  for await (const chunk of c.req.raw.body ?? []) if (chunk.length > 0) await sleep(100);
  return c.text('read');
});

app.get('/peak-memory', (c) => c.text(String(process.resourceUsage().maxRSS * 1024)));
