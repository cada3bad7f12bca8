import { PassThrough, Readable } from 'node:stream';
import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import Koa from 'koa';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service that moves from Koa to Hono a route at a time.

const koa = new Koa();
koa.silent = true;
koa.use(async (context) => {
  if (context.path === '/old/broken') throw new Error('of the handler');
  if (context.path === '/old/forbidden') context.throw(403, 'not for you');
  if (context.path === '/old/stream') {
    context.body = Readable.from(['one', 'two']);
  } else if (context.path === '/old/events') {
    context.type = 'text/event-stream';
    const events = new PassThrough();
    context.body = events;
    events.write('data: a\n\n');
    const timer = setInterval(() => events.write('data: a\n\n'), 50);
    context.req.on('close', () => clearInterval(timer));
  } else if (context.method === 'POST') {
    const chunks: Buffer[] = [];
    for await (const chunk of context.req) chunks.push(chunk);
    context.body = Buffer.concat(chunks);
  } else if (context.path === '/old') {
    context.body = { by: 'koa' };
  }
});
const old = koa.callback();

const app = new Hono<{ Bindings: HttpBindings }>();
app.get('/new', (c) => c.json({ by: 'hono' }));
app.all('*', (c) => {
  old(c.env.incoming, c.env.outgoing);
  return RESPONSE_ALREADY_SENT;
});

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
