import { spawnSync } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { logWriter } from '../src/log/writer.ts';
import { longRequest, pipeline } from './support/load.ts';
import { fixture } from './support/targets.ts';

/** The numbers of lost records that were reported. */
const lost = (server: ServerProcess): number[] =>
  server.errors().map(({ time, level, message }) => {
    expect(new Date(time).toISOString()).toBe(time);
    expect(level).toBe('WARN');
    return Number(/^(\d+) access log records lost$/.exec(message)?.[1]);
  });

/** Runs a command with a terminal as stdout that nobody reads. */
const stoppedTerminal = `
import pty, signal, subprocess, sys
_, terminal = pty.openpty()
child = subprocess.Popen(sys.argv[1:], stdout=terminal)
signal.signal(signal.SIGTERM, lambda *_: child.terminate())
sys.exit(child.wait())
`;

const sum = (numbers: number[]): number => numbers.reduce((a, b) => a + b, 0);

test.each([
  ['off', []],
  ['on', ['/throw/error', '/']],
])('with ACCESS_LOG=%s the records are %j; errors are told', async (ACCESS_LOG, uris) => {
  const server = await startServer(fixture, { env: { ACCESS_LOG } });
  await send(server.url, { path: '/throw/error' });
  await send(server.url, { path: '/' });
  expect(await server.stop()).toBe(0);
  expect(server.records().map(({ uri }) => uri)).toEqual(uris);
  expect(server.errors()).toMatchObject([{ level: 'ERROR', uri: '/throw/error' }]);
});

describe('the log is never in the way', () => {
  test('every record is written by the end, however late the reader', async () => {
    const server = await startServer(fixture);
    server.child.stdout?.pause();
    await pipeline(server.port, 4_000);
    server.child.kill('SIGTERM');
    server.child.stdout?.resume();
    expect(await server.ended).toBe(0);
    expect(server.records()).toHaveLength(4_000);
    expect(lost(server)).toEqual([]);
  });

  test('of a reader that has gone', async () => {
    const server = await startServer(fixture);
    server.child.stdout?.destroy();
    await pipeline(server.port, 300);
    await pipeline(server.port, 300);
    expect(await server.stop()).toBe(0);
    expect(sum(lost(server))).toBe(600);
  });

  test.skipIf(!existsSync('/dev/full'))('of a full disk', async () => {
    const server = await startServer(fixture, {
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    await pipeline(server.port, 300);
    expect(await server.stop()).toBe(0);
    expect(sum(lost(server))).toBe(300);
  });

  test.skipIf(process.platform === 'win32')(
    'of a disk that fills and gets room again: what is not written is counted, and no two lines merge',
    async () => {
      const directory = await mkdtemp(join(tmpdir(), 'edge-ping-log-'));
      const file = join(directory, 'access.log');
      // The limit ends a write in its midst, as a full disk does.
      const limited = `ulimit -f 128; exec ${fixture.join(' ')} >>${file}`;
      const server = await startServer(['sh', '-c', limited]);
      let text = '';
      for (let round = 0; round < 3; round += 1) {
        await pipeline(server.port, 500);
        text += await readFile(file, 'utf8');
        await truncate(file);
      }
      await pipeline(server.port, 100);
      expect(await server.stop()).toBe(0);
      text += await readFile(file, 'utf8');
      await rm(directory, { recursive: true });
      const isWhole = (line: string) => {
        try {
          return typeof JSON.parse(line) === 'object';
        } catch {
          return false;
        }
      };
      const lines = text.split('\n').filter(Boolean);
      const whole = lines.filter(isWhole);
      expect(lines.length - whole.length).toBeLessThanOrEqual(4); // one for each time it was full
      expect(whole.length + sum(lost(server))).toBe(1_600);
      expect(sum(lost(server))).toBeGreaterThan(0);
    },
  );

  test.skipIf(process.platform === 'win32').each([
    [8, [0, 1, 0]],
    [7, [0, 1, 0]], // the second line lacks only its newline
    [6, [1, 1, 0]],
    [1, [1, 1, 0]],
    [0, [1, 1, 0]], // the first line lacks only its newline
    [-1, [2, 1, 0]],
  ])(
    'of a full disk, a line that lacks only its newline is not lost: %d bytes before its end',
    async (before, expected) => {
      const directory = await mkdtemp(join(tmpdir(), 'edge-ping-log-'));
      const file = join(directory, 'access.log');
      const program = join(import.meta.dirname, 'support/lines.ts');
      const { stderr, ended } = run(
        ['sh', '-c', `ulimit -f 1; exec node ${program} ${file} >>${file}`],
        { env: { ...process.env, BEFORE: String(before) } },
      );
      expect(await ended).toBe(0);
      expect(JSON.parse(stderr.join(''))).toEqual(expected);
      const text = await readFile(file, 'utf8');
      await rm(directory, { recursive: true });
      expect(text.trimStart()).toBe('fourth\nfifth\n');
    },
  );

  test('of a reader that stalls: memory is bounded, and what was lost is told when it reads on', async () => {
    // Too small a heap for the records of half as many requests.
    const [node = '', file = ''] = fixture;
    const server = await startServer([
      node,
      '--max-semi-space-size=1',
      '--max-old-space-size=24',
      file,
    ]);
    server.child.stdout?.pause();
    await pipeline(server.port, 8_000, longRequest);
    server.child.stdout?.resume();
    await expect.poll(() => lost(server)).not.toEqual([]);
    expect(await server.stop()).toBe(0);
    expect(server.stdout.length + sum(lost(server))).toBe(8_000);
  });

  // Both wait for the deadline.
  test('of a reader that never reads: the end comes at the deadline', {
    concurrent: true,
  }, async () => {
    const server = await startServer(fixture);
    server.child.stdout?.pause();
    await pipeline(server.port, 600, longRequest);
    server.child.kill('SIGTERM');
    await new Promise((resolve) => server.child.once('exit', resolve));
    expect(server.child.exitCode).toBe(1);
    server.child.stdout?.destroy();
  });

  test.skipIf(spawnSync('python3', ['-c', 'import pty']).status !== 0)(
    'of a terminal whose reader stops: requests are served, and the end comes at the deadline',
    { concurrent: true },
    async () => {
      const server = await startServer(['python3', '-c', stoppedTerminal, ...fixture]);
      await pipeline(server.port, 600, longRequest);
      expect(await server.stop()).toBe(1);
    },
  );

  test('of a stderr that nobody reads', async () => {
    const server = await startServer(fixture);
    server.child.stderr?.destroy();
    for (let count = 0; count < 20; count += 1)
      expect((await send(server.url, { path: '/throw/error' })).status).toBe(500);
    expect(await server.stop()).toBe(0);
  });
});

describe('the error log', () => {
  test('a 500 tells nothing, and has one line with the stack, and one record', async () => {
    const server = await startServer(fixture);
    for (const path of ['/throw/error', '/reject/error'])
      expect(await send(server.url, { path })).toMatchObject({
        status: 500,
        headers: { 'content-type': 'application/json' },
        body: '{"message":"Internal Server Error"}',
      });
    expect((await send(server.url, { path: '/health' })).status).toBe(200);
    expect(await server.stop()).toBe(0);
    const error = 'thrown: a secret';
    const stack = expect.stringMatching(new RegExp(`^Error: ${error}\n.*routes\\.ts:\\d+`));
    const line = { time: expect.any(String), level: 'ERROR', id: '', method: 'GET' };
    expect(server.errors()).toEqual([
      { ...line, uri: '/throw/error', message: error, stack },
      { ...line, uri: '/reject/error', message: error, stack },
    ]);
    expect(server.records()).toMatchObject([
      { uri: '/throw/error', status: 500, error, bytes_out: 35 },
      { uri: '/reject/error', status: 500, error, bytes_out: 35 },
      { uri: '/health', status: 200, error: '' },
    ]);
  });

  test('an error with a message of 100 MB is told in a short line, in a heap that has no room for a copy of it', async () => {
    const [node = '', file = ''] = fixture;
    const server = await startServer([node, '--max-old-space-size=250', file]);
    expect((await send(server.url, { path: '/throw-large?bytes=100000000' })).status).toBe(500);
    expect(await server.stop()).toBe(0);
    expect(server.errors()).toEqual([
      {
        time: expect.any(String),
        level: 'ERROR',
        id: '',
        method: 'GET',
        uri: '/throw-large?bytes=100000000',
        message: 'm'.repeat(1_024),
      },
    ]);
    expect(server.records()).toEqual([
      expect.objectContaining({ status: 500, error: 'm'.repeat(1_024) }),
    ]);
  });

  test.each([
    ['/crash', 'crashed'],
    ['/reject-later', 'rejected later'],
  ])('%s ends the process with one line, its log flushed', async (path, message) => {
    const server = await startServer(fixture);
    await send(server.url, { path });
    expect(await server.ended).toBe(1);
    expect(server.errors()).toEqual([
      {
        time: expect.any(String),
        level: 'FATAL',
        message,
        stack: expect.stringContaining(`Error: ${message}\n`),
      },
    ]);
    expect(server.records()).toEqual([expect.objectContaining({ uri: path, status: 200 })]);
  });
});

test('records whose loss could not be told are told later', async () => {
  let isFull = true;
  const reports: number[] = [];
  const log = logWriter<string>(
    (_, lines, done) => done(isFull ? lines : 0),
    (entry) => entry,
    (lines, onLost) => {
      reports.push(lines);
      if (reports.length === 1) onLost();
    },
  );
  log.write('lost');
  await log.flush();
  isFull = false;
  log.write('written');
  await log.flush();
  expect(reports).toEqual([1, 1]);
});

describe('where stdout and stderr are one', () => {
  /** Whether a text is a line of the log. */
  const isWhole = (line: string) => {
    try {
      return typeof JSON.parse(line) === 'object';
    } catch {
      return line.includes(' listens on ');
    }
  };

  /** Starts a server behind a shell's redirection, in which its start line can't be waited for. */
  const startBehind = async (redirection: string) => {
    const port = await freePort();
    const started = run(['sh', '-c', `exec ${fixture.join(' ')} ${redirection}`], {
      env: { ...process.env, PORT: String(port) },
    });
    const url = `http://127.0.0.1:${port}`;
    const isUp = () =>
      send(url, { path: '/health' }).then(
        ({ status }) => status,
        () => 0,
      );
    await expect.poll(isUp).toBe(200);
    return { ...started, port, url };
  };

  /** Makes less than a megabyte of log: of that, nothing is lost. */
  const load = async ({ port, url }: { port: number; url: string }) => {
    const failing = async () => {
      for (let count = 0; count < 50; count += 1) await send(url, { path: '/throw/caused' });
    };
    const logging = async () => {
      for (let count = 0; count < 10; count += 1) await send(url, { path: '/log/warn/huge' });
    };
    await Promise.all([pipeline(port, 700), pipeline(port, 700), failing(), logging()]);
  };

  test('pipe, no line has another in it', async () => {
    const server = await startBehind('2>&1');
    await load(server);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(server.stdout.filter((line) => !isWhole(line))).toEqual([]);
    const messages = server.stdout
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    expect(messages.filter(({ level }) => level === 'ERROR')).toHaveLength(50);
    expect(messages.filter(({ level }) => level === 'WARN')).toHaveLength(10);
    const served = messages.filter(({ uri, level }) => uri === '/health' && !level);
    expect(served.length).toBeGreaterThan(1_400); // beside those that waited for the start
  });

  test('pipe, whose reader stalls, no line has another in it, and each that was lost is told', async () => {
    const server = await startBehind('2>&1');
    server.child.stdout?.pause();
    await load(server);
    await pipeline(server.port, 1_000, longRequest);
    server.child.stdout?.resume();
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    expect(server.stdout.filter((line) => !isWhole(line))).toEqual([]);
    const lines = server.stdout
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    let lostRecords = 0;
    let lostLines = 0;
    for (const { message = '' } of lines) {
      lostRecords += Number(/^(\d+) access log records lost$/.exec(message)?.[1] ?? 0);
      lostLines += Number(/^(\d+) lines lost$/.exec(message)?.[1] ?? 0);
    }
    expect(lostRecords).toBeGreaterThan(0);
    const records = lines.filter(({ status }) => status !== undefined).length;
    const known = 2_400 + 60;
    expect(records + lostRecords).toBeGreaterThan(known);
    expect(records + lostRecords).toBeLessThan(known + 20);
    const told = lines.filter(({ level, message }) => level && !/ lost$/.test(message)).length;
    expect(told + lostLines).toBeGreaterThanOrEqual(60);
  });

  test('file, no line has another in it', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'edge-ping-log-'));
    const file = join(directory, 'all.log');
    const server = await startBehind(`>>${file} 2>&1`);
    await load(server);
    server.child.kill('SIGTERM');
    expect(await server.ended).toBe(0);
    const lines = (await readFile(file, 'utf8')).split('\n').filter(Boolean);
    await rm(directory, { recursive: true });
    expect(lines.filter((line) => !isWhole(line))).toEqual([]);
    expect(lines.length).toBeGreaterThan(1_460);
  });
});
