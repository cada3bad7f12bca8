import { Hono } from 'hono';
import { log } from '../../src/index.ts';
import { createServer } from '../../src/node/serve.ts';

// Logs without a request: before there is a server, and in a timer beside two.

log().info('at the start');
const errorLog = (record: object, write: (given: object) => void, thrown: unknown) =>
  write({ ...record, isThrown: thrown !== undefined });
const servers = [createServer(new Hono(), { errorLog }), createServer(new Hono())];
setTimeout(async () => {
  log().warn('in a timer', { count: 1 });
  log().error('in a timer', Object.assign(new Error('failed'), { code: 'E' }));
  for (const server of servers) await server.close();
});
