import { createRequire } from 'node:module';
import type { HonoBase } from 'hono/hono-base';
import { createServer } from '../../src/node/serve.ts';
import { apps, serveApps } from './apps.ts';

// A process with a server for each app. It sends their ports to its parent, and ends on SIGTERM.

const { Hono }: typeof import('hono') = createRequire(import.meta.url)('hono');

const servers = serveApps((app) => createServer(app), {
  ...apps,
  "Hono's CommonJS build": (): HonoBase =>
    new Hono().get('/fail', () => {
      throw new Error('a secret');
    }),
  "Hono's CommonJS build, with an onError": (): HonoBase =>
    new Hono()
      .get('/fail', () => {
        throw new Error('a secret');
      })
      .onError((_, c) => c.text('its own', 500)),
});

const ports: [string, number][] = [];
for (const [name, server] of servers)
  ports.push([name, (await server.listen(0, '127.0.0.1')).port]);

process.once('SIGTERM', async () => {
  process.disconnect?.();
  for (const server of servers.values()) if (!(await server.close(5_000))) process.exitCode = 1;
});
process.send?.(ports);
