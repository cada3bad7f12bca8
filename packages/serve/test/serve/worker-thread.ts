import { parentPort } from 'node:worker_threads';
import { Hono } from 'hono';
import { createServer } from '../../src/node/serve.ts';

// A worker thread with a server: it sends what the server responds.

const server = createServer(new Hono().get('/', (c) => c.text('Hello')));
const { port } = await server.listen(0, '127.0.0.1');
const response = await fetch(`http://127.0.0.1:${port}`);
parentPort?.postMessage(await response.text());
await server.close();
