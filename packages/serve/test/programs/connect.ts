import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import connect from 'connect';
import { Hono } from 'hono';
import { createMiddleware } from 'hono/factory';
import { type Kind, serveByNodeServer } from './serving.ts';

// A development server: middlewares of connect come before the app, which gets what they pass on.

const assets = connect();
assets.use('/assets', (_, response) => {
  response.setHeader('Content-Type', 'text/css');
  response.end('body {}');
});
assets.use('/upload', async (request, response) => {
  let size = 0;
  for await (const chunk of request) size += chunk.length;
  response.end(String(size));
});

const app = new Hono<{ Bindings: HttpBindings }>();
app.use(
  createMiddleware<{ Bindings: HttpBindings }>(async (c, next) => {
    const { incoming, outgoing } = c.env;
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    outgoing.once('close', () => resolve(true));
    assets(incoming, outgoing, (error?: unknown) => (error ? reject(error) : resolve(false)));
    if (await promise) return RESPONSE_ALREADY_SENT;
    await next();
  }),
);
app.get('/', (c) => c.html('<h1>Hello</h1>'));
app.post('/', async (c) => c.text(await c.req.text()));

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
