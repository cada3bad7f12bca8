import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { serve } from '@edge-ping/serve/node';
import { Hono } from 'hono';
import { type WebSocket, WebSocketServer } from 'ws';
import { type Kind, serveByNodeServer } from './serving.ts';

// A dev server's hot reload: ws by hand, whose handshake it looks at itself.

const sockets = new WebSocketServer({ noServer: true });
sockets.on('connection', (socket: WebSocket) => {
  socket.send('connected');
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});

const refuse = (socket: Duplex, status: number) =>
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Length: 0\r\n\r\n`);

type OnUpgrade = NonNullable<NonNullable<Parameters<typeof serve>[1]>['onUpgrade']>;
const onUpgrade: OnUpgrade = (incoming, socket, head) => {
  if (incoming.url !== '/hmr') return refuse(socket, 404);
  if (incoming.headers.authorization !== 'Bearer a') return refuse(socket, 401);
  return sockets.handleUpgrade(incoming, socket, head, (client) =>
    sockets.emit('connection', client, incoming),
  );
};

const app = new Hono();
app.get('/', (c) => c.text('Hello'));

const byNodeServer = () => {
  serveByNodeServer(app).on('upgrade', onUpgrade);
};

export const start = (kind: Kind) =>
  kind === 'library' ? serve(app, { onUpgrade }) : byNodeServer();
