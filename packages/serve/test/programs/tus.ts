import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';
import { Hono } from 'hono';
import { type Kind, serveByNodeServer } from './serving.ts';

// Uploads that can be resumed: tus, by Web-standard requests and by Node's.

const directory = mkdtempSync(join(tmpdir(), 'tus-'));
process.once('exit', () => rmSync(directory, { recursive: true }));
const options = { datastore: new FileStore({ directory }), relativeLocation: true };
const web = new Server({ ...options, path: '/web', namingFunction: () => 'a' });
const node = new Server({ ...options, path: '/node', namingFunction: () => 'b' });

const app = new Hono<{ Bindings: HttpBindings }>();
app.use('/web/*', (c) => web.handleWeb(c.req.raw));
app.use('/node/*', async (c) => {
  await node.handle(c.env.incoming, c.env.outgoing);
  return RESPONSE_ALREADY_SENT;
});

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
