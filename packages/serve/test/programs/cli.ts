import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { createServer } from '@edge-ping/serve/node';
import { createAdaptorServer } from '@hono/node-server';
import { Hono } from 'hono';
import { type Kind, sayPort } from './serving.ts';

// A tool with a server in it: it has arguments and signals of its own, and takes the next port if one is in use.

const { values } = parseArgs({ options: { port: { type: 'string', default: '3000' } } });
const app = new Hono();
app.get('/', (c) => c.text('Hello'));
app.get('/arguments', (c) => c.json(process.argv.slice(2)));

const byNodeServer = () => {
  const server = createAdaptorServer({ fetch: app.fetch });
  let port = Number(values.port);
  server.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error;
    console.error(`port ${port} is in use`);
    port += 1;
    server.listen(port);
  });
  server.listen(port, () => sayPort(server.address() as AddressInfo));
  process.on('SIGTERM', () => {
    server.close(() => process.exit(7));
  });
};

const byLibrary = async () => {
  const server = createServer(app, { accessLog: false });
  const listen = (port: number): Promise<AddressInfo> =>
    server.listen(port).catch((error) => {
      if (error.code !== 'EADDRINUSE') throw error;
      console.error(`port ${port} is in use`);
      return listen(port + 1);
    });
  sayPort(await listen(Number(values.port)));
  process.on('SIGTERM', async () => {
    await server.close();
    process.exit(7);
  });
};

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
