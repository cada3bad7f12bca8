import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import express from 'express';
import { Hono } from 'hono';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service that moves from Express to Hono a route at a time.

const old = express();
old.use(express.json());
old.get('/old', (_, response) => {
  response.json({ by: 'express' });
});
old.post('/old', (request, response) => {
  response.status(201).cookie('a', 'b').json(request.body);
});
old.get('/old/text', (_, response) => {
  response.type('text').send('x'.repeat(100_000));
});
old.get('/old/redirect', (_, response) => response.redirect('/old'));
old.get('/old/file', (_, response) =>
  response.sendFile(`${import.meta.dirname}/.npmrc`, { dotfiles: 'allow' }),
);
old.get('/old/events', (request, response) => {
  response.type('text/event-stream').flushHeaders();
  response.write('data: a\n\n');
  const timer = setInterval(() => response.write('data: a\n\n'), 50);
  request.on('close', () => clearInterval(timer));
});
old.get('/old/broken', () => {
  throw new Error('of the handler');
});
const onError: express.ErrorRequestHandler = (error, _, response, _next) => {
  response.status(500).json({ message: error.message });
};
old.use(onError);

const app = new Hono<{ Bindings: HttpBindings }>();
app.get('/new', (c) => c.json({ by: 'hono' }));
app.all('*', (c) => {
  old(c.env.incoming, c.env.outgoing);
  return RESPONSE_ALREADY_SENT;
});

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
