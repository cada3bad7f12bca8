import { serve, upgradeWebSocket } from '@hono/node-server';
import { Hono } from 'hono';
import { logger } from 'hono/logger';
import { WebSocketServer } from 'ws';
import { addRoutes } from './routes.ts';

const app = new Hono();
if (process.env.LOGGER) app.use(logger());
addRoutes(app);
app.get(
  '/echo',
  upgradeWebSocket(() => ({ onMessage: ({ data }, ws) => ws.send(String(data)) })),
);

serve({
  fetch: app.fetch,
  port: Number(process.env.PORT),
  websocket: { server: new WebSocketServer({ noServer: true }) },
});
