import { upgradeWebSocket } from '@edge-ping/serve/websocket';
import { Hono } from 'hono';

export const chat = new Hono();

chat.get(
  '/chat',
  upgradeWebSocket(() => ({
    onMessage: ({ data }, ws) => ws.send(data),
  })),
);
