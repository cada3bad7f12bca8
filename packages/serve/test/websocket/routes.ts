import { upgradeWebSocket, type WebSocketEvents } from '@edge-ping/serve/websocket';
import { type Context, Hono } from 'hono';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import type { WSContext } from 'hono/ws';
import { app } from '../fixture/app.ts';

// A room for all who are connected. On Workers, where nobody can send to another request's client, it
// needs a Durable Object.
const room = new Set<WSContext>();
app.get(
  '/chat',
  upgradeWebSocket(() => ({
    onOpen: (_, ws) => room.add(ws),
    onMessage: ({ data }) => {
      for (const ws of room) ws.send(data);
    },
    onClose: (_, ws) => room.delete(ws),
  })),
);
app.get('/chat/members', (c) => c.text(String(room.size)));

const sockets = new Hono().basePath('/ws');

const echo: WebSocketEvents = { onMessage: ({ data }, ws) => ws.send(data) };
sockets.get(
  '/echo',
  upgradeWebSocket(() => echo),
);
sockets.get(
  '/or-page',
  upgradeWebSocket(() => echo),
  (c) => c.text('a page'),
);
sockets.get('/echo-direct', (c) => upgradeWebSocket(c, echo));
sockets.get(
  '/echo-async',
  upgradeWebSocket(async () => {
    await Promise.resolve();
    return {
      onMessage: async ({ data }, ws) => {
        await Promise.resolve();
        ws.send(data);
      },
    };
  }),
);
sockets.get(
  '/short',
  upgradeWebSocket(() => echo, { maxMessageBytes: 10 }),
);
sockets.get(
  '/protocol',
  upgradeWebSocket(() => ({ onOpen: (_, ws) => ws.send(String(ws.protocol)) }), {
    protocols: ['chat', 'superchat'],
  }),
);
sockets.get(
  '/any-protocol',
  upgradeWebSocket(() => ({ onOpen: (_, ws) => ws.send(String(ws.protocol)) })),
);
sockets.get(
  '/types',
  upgradeWebSocket(() => ({
    onMessage({ data }, ws) {
      if (typeof data === 'string') ws.send(`string of ${data.length}`);
      else ws.send(`${data.constructor.name} of ${data.byteLength}`);
    },
  })),
);
sockets.get(
  '/context/:name',
  upgradeWebSocket((c) => ({
    onOpen: (_, ws) =>
      ws.send(
        `${c.req.param('name')} ${c.req.query('q')} ${c.req.header('X-Sent')} ${ws.url?.pathname} ${ws.readyState} ${typeof ws.raw}`,
      ),
  })),
);
sockets.get(
  '/close/:code',
  upgradeWebSocket((c) => ({
    onMessage: ({ data }, ws) => ws.close(Number(c.req.param('code')), String(data)),
  })),
);
sockets.get(
  '/close',
  upgradeWebSocket(() => ({ onMessage: (_, ws) => ws.close() })),
);
// What comes or is sent after a close is dropped.
sockets.get(
  '/after-close',
  upgradeWebSocket(() => ({
    onMessage({ data }, ws) {
      ws.send(data);
      ws.close(1000, 'done');
      ws.send('too late');
      ws.close(1000, 'again');
    },
  })),
);

/** The ways to fail. */
const failures: Record<string, () => unknown> = {
  throw() {
    throw new Error('thrown');
  },
  reject: () => Promise.reject(new Error('rejected')),
  'throw-string': () => Promise.reject('a string'),
  'reject-later': async () => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    throw new Error('rejected later', { cause: new Error('the cause') });
  },
};
/** Fails in one of the callbacks. */
const failing = (c: Context): WebSocketEvents => {
  const fail = () => failures[c.req.param('how') ?? '']?.();
  return { onMessage: ({ data }, ws) => ws.send(data), [c.req.param('callback') ?? '']: fail };
};
sockets.get(
  '/fail/createEvents/:how',
  upgradeWebSocket((c) => Object(failures[c.req.param('how') ?? '']?.())),
);
sockets.get('/fail/:callback/:how', upgradeWebSocket(failing, { maxMessageBytes: 10 }));

// As `contextStorage()` of Hono and tracing have it. The earliest runtimes have no such storage.
const storage = await import('node:async_hooks').then(
  ({ AsyncLocalStorage }) => new AsyncLocalStorage<string>(),
  () => undefined,
);
const inItsContext = (what: string) => `${what} in ${storage?.getStore()}`;
sockets.use('/async-context', (_, next) => storage?.run('its context', next) ?? next());
sockets.get(
  '/async-context',
  upgradeWebSocket(() => ({
    onOpen: (_, ws) => ws.send(inItsContext('opened')),
    onMessage: (_, ws) => ws.send(inItsContext('message')),
    onClose() {
      throw new Error(inItsContext('closed'));
    },
  })),
);

// Middlewares.
sockets.use('/guarded', async (c, next) => {
  if (c.req.header('Origin') !== 'https://example.com') return c.text('Forbidden', 403);
  await next();
});
sockets.get(
  '/guarded',
  upgradeWebSocket(() => echo),
);
sockets.use('/headers', requestId(), secureHeaders(), async (c, next) => {
  c.header('X-Before', 'yes');
  c.header('Set-Cookie', 'a=1', { append: true });
  c.header('Set-Cookie', 'b=2', { append: true });
  await next();
  c.header('X-After', 'yes');
  c.header('Content-Length', '3');
  c.header('Transfer-Encoding', 'chunked');
});
sockets.get(
  '/headers',
  upgradeWebSocket(() => echo),
);
sockets.use('/copied', async (c, next) => {
  await next();
  c.res = new Response(c.res.body, c.res);
  c.res.headers.set('X-Copied', 'yes');
});
sockets.get(
  '/copied',
  upgradeWebSocket(() => echo),
);
sockets.use('/replaced', async (c, next) => {
  await next();
  c.res = undefined;
  c.res = c.text('replaced', 403);
});
// Nothing opens that a middleware refuses.
const unopened: WebSocketEvents = {
  onOpen() {
    throw new Error('opened');
  },
};
sockets.get(
  '/replaced',
  upgradeWebSocket(() => unopened),
);
sockets.use('/responded-before', async (c, next) => {
  c.res = c.text('a response');
  await next();
});
sockets.get(
  '/responded-before',
  upgradeWebSocket(() => unopened),
);
sockets.use('/thrown', async (_, next) => {
  await next();
  throw new Error('thrown behind the handler');
});
sockets.get(
  '/thrown',
  upgradeWebSocket(() => echo),
);

app.route('/', sockets);
