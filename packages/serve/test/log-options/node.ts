import { createServer } from '../../src/node/serve.ts';
import { linesWays, makeApp, ways } from './apps.ts';

// A process with a server for each way. It sends their ports to its parent, and ends on SIGTERM.

const servers = new Map(
  Object.entries({ ...ways, ...linesWays }).map(([name, options]) => [
    name,
    createServer(makeApp(), options),
  ]),
);

const ports: [string, number][] = [];
for (const [name, server] of servers)
  ports.push([name, (await server.listen(0, '127.0.0.1')).port]);

process.once('SIGTERM', async () => {
  process.disconnect?.();
  for (const server of servers.values()) if (!(await server.close(5_000))) process.exitCode = 1;
});
process.send?.(ports);
