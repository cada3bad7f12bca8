import { serveStatic } from '@hono/node-server/serve-static';
import type { Hono } from 'hono';
import { cors } from 'hono/cors';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { stream, streamSSE } from 'hono/streaming';

const greeting = process.env.GREETING ?? '';
const greet = async () => greeting;
const chunk = 'x'.repeat(100);

/** Adds a route for each shape of bench/shapes.ts but the WebSocket, which each server does in its own way. */
export const addRoutes = (app: Hono): void => {
  app.get('/', (c) => c.text(greeting));

  app.use('/middlewares', requestId(), cors(), secureHeaders());
  app.get('/middlewares', async (c) => c.text(await greet()));

  app.post('/json', async (c) => c.json(await c.req.json()));

  app.use('/static/*', serveStatic({ root: 'bench/dist' }));

  app.get('/stream', (c) =>
    stream(c, async (stream) => {
      for (let count = 0; count < 100; count += 1) await stream.write(chunk);
    }),
  );

  app.get('/events', (c) =>
    streamSSE(c, async (stream) => {
      while (!stream.aborted) {
        await stream.writeSSE({ data: new Date().toISOString() });
        await stream.sleep(1_000);
      }
    }),
  );
};
