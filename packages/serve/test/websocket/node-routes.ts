import { EventEmitter, once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { upgradeWebSocket } from '@edge-ping/serve/websocket';
import { upgradeWebSocket as upgradeByNodeServer } from '@hono/node-server';
import { Hono } from 'hono';
import type { WSContext } from 'hono/ws';
import { log, type ServeBindings } from '../../src/index.ts';
import { app } from '../fixture/app.ts';

const large = 'x'.repeat(1_000_000); // all clients' at once: what an app has of its own is not the server's
const sockets = new Hono<{ Bindings: ServeBindings }>().basePath('/ws');

sockets.get(
  '/flood',
  upgradeWebSocket((c) => ({
    async onOpen(_, ws) {
      const message = large.slice(0, Number(c.req.query('bytes')));
      while (ws.readyState === 1) {
        for (let count = 0; count < 10; count += 1) ws.send(message);
        await nextTurn();
      }
    },
  })),
);
sockets.get(
  '/never',
  upgradeWebSocket(() => ({
    onMessage: async () => {
      await new Promise(() => {});
    },
  })),
);
const room = new Set<WSContext>();
sockets.get(
  '/room',
  upgradeWebSocket(() => ({
    onOpen: (_, ws) => room.add(ws),
    onMessage() {
      for (const ws of room) ws.send(large.slice(0, 256_000));
    },
    onClose: (_, ws) => room.delete(ws),
  })),
);
sockets.get(
  '/pinged',
  upgradeWebSocket(() => ({}), { pingInterval: 1 }),
);
sockets.get(
  '/late',
  async (c, next) => {
    if (!c.env.shutdown.aborted) await once(c.env.shutdown, 'abort');
    await next();
  },
  upgradeWebSocket(() => ({})),
);
sockets.get(
  '/closes-later',
  upgradeWebSocket((c) => ({
    async onClose() {
      for (let turn = 0; turn < 100; turn += 1) await nextTurn();
      log(c).info('closed');
    },
  })),
);
sockets.get(
  '/raw-error',
  upgradeWebSocket(() => ({
    onOpen(_, { raw }) {
      if (raw instanceof EventEmitter) raw.emit('error', new Error('boom'));
    },
    onError(event, ws) {
      if ('error' in event && event.error instanceof Error) ws.send(event.error.message);
    },
  })),
);
sockets.get(
  '/by-node-server',
  upgradeByNodeServer(() => ({})),
);

app.route('/', sockets);
