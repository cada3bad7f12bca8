import { Hono } from 'hono';
import { createServer } from '../../src/node/serve.ts';

// A process that makes a server and does nothing with it.

createServer(new Hono());
