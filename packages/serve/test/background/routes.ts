import { Hono } from 'hono';
import type { ServeBindings } from '../../src/index.ts';
import { app } from '../fixture/app.ts';

// What goes on after a response, and the signal of the shutdown.

/** Tells the test that a task has come so far. */
const notify = (url = ''): Promise<unknown> => fetch(url).then((response) => response.text());

app.get('/task', (c) => {
  c.executionCtx.waitUntil(notify(c.req.query('notify')));
  return c.text('accepted');
});
app.get('/task-of-a-task', (c) => {
  const { executionCtx } = c;
  const first = notify(c.req.query('notify'));
  executionCtx.waitUntil(
    first.then(() => executionCtx.waitUntil(notify(`${c.req.query('notify')}?second`))),
  );
  return c.text('accepted');
});
app.get('/task-that-rejects', (c) => {
  c.executionCtx.waitUntil(Promise.reject(new Error('a failed task')));
  return c.text('accepted');
});
app.get('/task-that-rejects-later', (c) => {
  const { promise, reject } = Promise.withResolvers();
  notify(c.req.query('notify')).then(() => reject('a string'));
  c.executionCtx.waitUntil(promise);
  return c.text('accepted');
});

const signals = new Hono<{ Bindings: ServeBindings }>().get('/shutdown', (c) => {
  const { shutdown } = c.env;
  const signal = AbortSignal.any([c.req.raw.signal, shutdown]);
  for (const either of [signal, shutdown])
    either.addEventListener('abort', () => console.error('aborted'));
  return c.json({ aborted: signal.aborted });
});

app.route('/', signals);
