import { once } from 'node:events';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { ServeBindings } from '../../src/index.ts';
import { serve } from '../../src/node/serve.ts';

// A service with a store, whose options a test gives by the variable OPTIONS. On stderr it says what
// becomes of the store.

const say = (event: string) => process.stderr.write(`${JSON.stringify({ event })}\n`);
const go = () => once(process, 'SIGUSR2');

let isOpen = true;
const store = {
  read(): string {
    if (!isOpen) throw new Error('the store is closed');
    return 'stored';
  },
};

/** What `onShutdown` does, by the names that ON_SHUTDOWN may have. */
const endings: Record<string, () => unknown> = {
  close() {
    isOpen = false;
    say('closed');
  },
  throw() {
    throw new Error('the store is stuck');
  },
  reject: () => Promise.reject(new Error('the store is stuck')),
  hang() {
    say('closing');
    return new Promise(() => {});
  },
};

interface Bindings extends ServeBindings {
  STORE: typeof store;
}

const app = new Hono<{ Bindings: Bindings }>();
app.get('/store', (c) => c.text(c.env.STORE.read()));
app.get('/store-when-told', async (c) => {
  say('waits');
  await go();
  return c.text(c.env.STORE.read());
});
app.get('/task', (c) => {
  const task = async () => {
    await go();
    say(c.env.STORE.read());
  };
  c.executionCtx.waitUntil(task());
  return c.text('accepted');
});
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    const signal = AbortSignal.any([c.req.raw.signal, c.env.shutdown]);
    await stream.writeSSE({ data: 'first' });
    await once(signal, 'abort');
    await stream.writeSSE({ data: 'last' });
  }),
);

const throwing = (thrown: unknown) => (): void => {
  throw thrown;
};

/** What brings a process down, by name. */
const crashes: Record<string, () => void> = {
  exception: throwing(new Error('crashed')),
  string: throwing('crashed'),
  undefined: throwing(undefined),
  rejection: () => Promise.reject(new Error('crashed')),
  'rejection-undefined': () => Promise.reject(),
  'rejection-null-object': () => Promise.reject(Object.create(null)),
  twice() {
    setImmediate(throwing(new Error('crashed again')));
    throw new Error('crashed');
  },
};
app.get('/crash/:how', (c) => {
  setImmediate(() => crashes[c.req.param('how')]?.());
  return c.text('crashing');
});
app.get('/crash-at-shutdown', (c) => {
  c.env.shutdown.addEventListener('abort', () => setImmediate(throwing(new Error('crashed'))));
  return c.text('crashing later');
});

serve(app, {
  bindings: { STORE: store },
  onShutdown: endings[process.env.ON_SHUTDOWN ?? 'close'] ?? (() => {}),
  ...JSON.parse(process.env.OPTIONS ?? '{}'),
});
