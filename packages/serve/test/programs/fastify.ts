import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import Fastify from 'fastify';
import { Hono } from 'hono';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service that moves from Fastify to Hono a route at a time.

const old = Fastify();
old.get('/old', async () => ({ by: 'fastify' }));
old.post('/old', async (request, reply) => reply.code(201).send(request.body));
old.get('/old/events', (_, reply) => {
  async function* events() {
    for (;;) {
      yield 'data: a\n\n';
      await sleep(50);
    }
  }
  return reply.type('text/event-stream').send(Readable.from(events()));
});
old.get('/old/hijacked', (_, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { 'Content-Type': 'text/event-stream' });
  const timer = setInterval(() => reply.raw.write('data: a\n\n'), 50);
  reply.raw.on('close', () => clearInterval(timer));
});
old.get('/old/broken', async () => {
  throw new Error('of the handler');
});
await old.ready();

const app = new Hono<{ Bindings: HttpBindings }>();
app.get('/new', (c) => c.json({ by: 'hono' }));
app.all('*', (c) => {
  old.routing(c.env.incoming, c.env.outgoing);
  return RESPONSE_ALREADY_SENT;
});

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
