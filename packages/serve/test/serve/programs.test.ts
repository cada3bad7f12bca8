import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { rawConnection } from '../support/raw.ts';
import { refused } from '../support/refused.ts';

interface Event {
  event: string;
  ports?: number[];
}

/** Starts a program of programs.ts; resolves once it listens. */
const start = async (PROGRAM: string, ...args: string[]) => {
  const command = ['node', join(import.meta.dirname, 'programs.ts'), ...args];
  const program = run(command, { env: { ...process.env, PROGRAM } });
  const events = (): Event[] =>
    program.stderr.filter((line) => line.startsWith('{"event"')).map((line) => JSON.parse(line));
  const ports = () => events().flatMap((event) => event.ports ?? []);
  await expect.poll(ports).not.toEqual([]);
  return { ...program, events: () => events().map(({ event }) => event), ports: ports() };
};

const get = async (port: number, path = '/') =>
  (await send(`http://127.0.0.1:${port}`, { path })).body;

test('several servers end on one signal, when the last request has its response, and close all that they have', async () => {
  const { child, ports, events, ended } = await start('two servers');
  const [main = 0, admin = 0] = ports;
  expect([await get(main), await get(admin)]).toEqual(['main', 'admin']);
  const slow = rawConnection(main);
  slow.write('GET /slow HTTP/1.1\r\nHost: h\r\n\r\n');
  await expect.poll(events).toContain('waits');
  child.kill('SIGTERM');
  await Promise.all([refused(main), refused(admin)]);
  expect(events()).not.toContain('admin closed'); // what they share is used until all have drained
  child.kill('SIGUSR2');
  expect((await slow.response()).body).toBe('done');
  slow.socket.destroy();
  expect(await ended).toBe(0);
  expect(events().slice(-2).toSorted()).toEqual(['admin closed', 'main closed']);
});

test('a server that begins when the process ends never listens, and is closed with the others', async () => {
  const { child, events, ended } = await start('a late server');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(events()).toContain('late closed');
});

test("the command line is the program's own", async () => {
  const { child, ports, ended } = await start('arguments', '--port=0');
  expect(await get(ports[0] ?? 0)).toBe('main');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('a program takes another port where the one that it wants is in use', async () => {
  const { child, ports, events, ended } = await start('the next port');
  expect(events()).toContain('EADDRINUSE');
  expect(await get(ports[0] ?? 0)).toBe('main');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

test('a program has signals and an exit code of its own', async () => {
  const { child, events, ended } = await start('signals');
  child.kill('SIGTERM');
  expect(await ended).toBe(7);
  expect(events()).toContain('closing');
});

test.each(['no app', 'the options of another server'])(
  'with %s in place of the app, one line says what is wrong',
  async (PROGRAM) => {
    const command = ['node', join(import.meta.dirname, 'programs.ts')];
    const { stderr, ended } = run(command, { env: { ...process.env, PROGRAM } });
    expect(await ended).toBe(1);
    expect(stderr).toEqual([
      'the first argument must be the app itself, as in serve(app, { port: 3000 })',
    ]);
  },
);
