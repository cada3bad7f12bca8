import { serve } from '@edge-ping/serve/node';
import { upgradeWebSocket } from '@edge-ping/serve/websocket';
import { Hono } from 'hono';
import { addRoutes } from './routes.ts';

const app = new Hono();
addRoutes(app);
app.get(
  '/echo',
  upgradeWebSocket(() => ({ onMessage: ({ data }, ws) => ws.send(String(data)) })),
);

serve(app);
