import { setImmediate as nextTurn } from 'node:timers/promises';
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

app.get('/peak-memory', (c) => c.text(String(process.resourceUsage().maxRSS * 1024)));
