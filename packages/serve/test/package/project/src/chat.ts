import { upgradeWebSocket } from '@edge-ping/serve/websocket';
import { Hono } from 'hono';

export const chat = new Hono();

chat.get(
  '/chat',
  upgradeWebSocket(() => ({
    onMessage({ data }, ws) {
      if (data === 'bye')
        ws.close(4000, 'x'.repeat(124)); // 123 bytes are allowed
      else ws.send(data);
    },
  })),
);
