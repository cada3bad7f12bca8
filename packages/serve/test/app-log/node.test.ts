import { join } from 'node:path';
import { type Sent, send } from '@edge-ping/serve-testing/client';
import { run, startServer } from '@edge-ping/serve-testing/process';
import { Hono } from 'hono';
import { describe, expect, test, vi } from 'vitest';
import { log } from '../../src/index.ts';
import { bundle } from '../support/bundles.ts';
import { rawConnection } from '../support/raw.ts';
import { sample } from '../support/sample.ts';
import { fixture } from '../support/targets.ts';
import { cases } from './cases.ts';
import { long as allLong, appLogTests } from './runner.ts';

const starting = (command: () => Promise<string[]>) => async () => {
  const server = await startServer(await command());
  return { ...server, send: (sent: Sent) => send(server.url, sent) };
};

describe("the app's log, on Node: the sources", () => appLogTests(starting(async () => fixture)));

describe("the app's log, on Node: the bundle", () => {
  const names = Object.keys(cases);
  const shown = sample(names, 8);
  appLogTests(
    starting(bundle),
    names.filter((name) => !shown.includes(name)),
  );
});

test('in process, as with app.request, the line is on stderr, too', async () => {
  const lines: unknown[] = [];
  const spy = vi.spyOn(console, 'error').mockImplementation((line) => lines.push(JSON.parse(line)));
  const app = new Hono().get('/', (c) => {
    log(c).warn('watch out', { count: 1n });
    return c.text('logged');
  });
  expect((await app.request('/', { headers: { 'X-Request-Id': 'r1' } })).status).toBe(200);
  spy.mockRestore();
  expect(lines).toEqual([
    { time: expect.any(String), level: 'WARN', id: 'r1', message: 'watch out', count: '1' },
  ]);
});

test('a line fits into 16 KiB as it is written, escaped, with its newline', async () => {
  const server = await startServer(fixture);
  for (const what of allLong) await send(server.url, { path: `/log/info/${what}` });
  const connection = rawConnection(server.port);
  const long = Buffer.from('\u200b'.repeat(1_024)).toString('latin1');
  connection.write(
    `GET /?${long} HTTP/1.1\r\nHost: h\r\nUser-Agent: ${long}\r\nX-Request-Id: ${long}\r\nConnection: close\r\n\r\n`,
  );
  await connection.response();
  expect(await server.stop()).toBe(0);
  const lines = [...server.stdout, ...server.stderr.slice(1)];
  expect(lines).toHaveLength(2 * allLong.length + 1);
  for (const line of lines) {
    expect(Buffer.byteLength(line)).toBeLessThan(16_384);
    expect(line).not.toMatch(/[\p{Cf}\p{Cc}\u2028\u2800]/u);
  }
});

test('while nobody reads them, lines are bounded, and those that were lost are told', async () => {
  const [node = '', file = ''] = fixture;
  const server = await startServer([
    node,
    '--max-semi-space-size=1',
    '--max-old-space-size=24',
    file,
  ]);
  server.child.stderr?.pause();
  await send(server.url, { path: '/log-many?lines=20000' });
  server.child.stderr?.resume();
  await expect.poll(() => server.errors().length).toBeGreaterThan(0);
  await send(server.url, { path: '/log/info/none' });
  expect(await server.stop()).toBe(0);
  const lines = server.errors();
  const told = lines.flatMap(({ level, message }) => {
    const [, lost] = /^(\d+) lines lost$/.exec(message) ?? [];
    return level === 'WARN' && lost ? [Number(lost)] : [];
  });
  expect(told.length).toBeGreaterThan(0);
  const written = lines.length - told.length - 1; // without the line of the second request
  expect(written + told.reduce((a, b) => a + b, 0)).toBe(20_000);
});

test('without a request, a line goes to stderr before a server is made, and then to the errorLog that was given', async () => {
  const { stdout, stderr, ended } = run(['node', join(import.meta.dirname, 'without-request.ts')]);
  expect(await ended).toBe(0);
  expect(stdout).toEqual([]);
  const time = expect.any(String);
  const error = expect.objectContaining({ message: 'failed', code: 'E' });
  expect(stderr.map((line) => JSON.parse(line))).toEqual([
    { time, level: 'INFO', message: 'at the start' },
    { time, level: 'WARN', message: 'in a timer', count: 1, isThrown: false },
    { time, level: 'ERROR', message: 'in a timer', error, isThrown: true },
  ]);
});
