import { expect, test } from 'vitest';
import { app } from '../fixture/app.ts';
import './routes.ts';
import { handshake } from './cases.ts';

test('in process, where no connection can go on, a route for WebSockets has 426', async () => {
  const response = await app.request('/ws/echo', { headers: handshake });
  expect(response.status).toBe(426);
  expect(response.headers.get('Upgrade')).toBe('websocket');
});
