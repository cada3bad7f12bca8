import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Server as Engine } from 'engine.io';
import { Hono } from 'hono';
import { Server } from 'socket.io';
import { type Kind, serveByNodeServer } from './serving.ts';

// A chat: socket.io, which begins with long polling and goes on to a WebSocket.

const io = new Server();
io.on('connection', (socket) => {
  socket.on('say', (text, done) => done(`${socket.conn.transport.name}: ${text}`));
});

const app = new Hono<{ Bindings: HttpBindings }>();
app.get('/', (c) => c.text('Hello'));

const byNodeServer = () => {
  io.attach(serveByNodeServer(app));
};

const byLibrary = () => {
  const engine = new Engine();
  io.bind(engine);
  app.on(['GET', 'POST', 'OPTIONS'], '/socket.io/', (c, next) => {
    if (c.req.header('Upgrade')) return next();
    engine.handleRequest(c.env.incoming, c.env.outgoing);
    return Promise.resolve(RESPONSE_ALREADY_SENT);
  });
  process.once('SIGTERM', () => io.close()); // ends the polls that wait
  serve(app, {
    onUpgrade: (incoming, socket, head) => engine.handleUpgrade(incoming, socket, head),
  });
};

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
