import { createServer as createNetServer } from 'node:net';
import { parseArgs } from 'node:util';
import { Hono } from 'hono';
import { createServer, readSettings, run, serve } from '../../src/node/serve.ts';

// Programs as others have them, by name. Each says in lines of JSON on stderr what it does.

const say = (event: string, more: object = {}) =>
  process.stderr.write(`${JSON.stringify({ event, ...more })}\n`);

const slow = Promise.withResolvers<void>();
const app = new Hono()
  .get('/', (c) => c.text('main'))
  .get('/slow', async (c) => {
    say('waits');
    await slow.promise;
    return c.text('done');
  });
const admin = new Hono().get('/', (c) => c.text('admin'));
process.on('SIGUSR2', () => slow.resolve());

const programs: Record<string, () => unknown> = {
  /** A server for metrics beside the service, each with something to close. */
  async 'two servers'() {
    const main = serve(app, { port: 0, onShutdown: () => say('main closed') });
    const { port } = await main.listening;
    const other = createServer(admin, { onShutdown: () => say('admin closed') });
    run(other);
    say('listening', { ports: [port, (await other.listen(0)).port] });
  },
  /** A second server that begins when a shutdown has begun. */
  async 'a late server'() {
    const main = serve(app, { port: 0 });
    await main.listening;
    process.on('SIGTERM', () => serve(admin, { port: 0, onShutdown: () => say('late closed') }));
    say('listening', { ports: [(await main.listening).port] });
  },
  /** Arguments of its own. */
  async arguments() {
    const { values } = parseArgs({ options: { port: { type: 'string' } } });
    const server = serve(app, { port: Number(values.port) });
    say('listening', { ports: [(await server.listening).port] });
  },
  /** Another port, where the one that it wants is taken. */
  async 'the next port'() {
    const taken = createNetServer().listen(0);
    const address = taken.address();
    const { trustProxy } = readSettings(process.env);
    const server = createServer(app, { trustProxy });
    run(server, { deadline: 1_000 });
    const wanted = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await server.listen(wanted).catch(({ code }) => say(code));
    say('listening', { ports: [(await server.listen(0)).port] });
  },
  /** Signals of its own. */
  async signals() {
    const server = createServer(app);
    process.on('SIGTERM', async () => {
      say('closing');
      process.exitCode = (await server.close(1_000)) ? 7 : 8;
    });
    say('listening', { ports: [(await server.listen(0)).port] });
  },
  'no app': () => Reflect.apply(serve, undefined, []),
  'the options of another server': () =>
    Reflect.apply(serve, undefined, [{ fetch: app.fetch, port: 0 }]),
};

await programs[process.env.PROGRAM ?? '']?.();
