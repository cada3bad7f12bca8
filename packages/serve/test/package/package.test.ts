import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { bundleWorker, startWorker } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { openSocket } from '../websocket/client.ts';

const root = join(import.meta.dirname, '../..');

let directory: string;

/** Runs a command to its end, which must be a good one; resolves with what it printed. */
const succeed = async (command: string[], cwd = directory): Promise<string[]> => {
  const { stdout, stderr, ended } = run(command, { cwd });
  expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
  return stdout;
};

// A new project outside the repository, as `npm create hono` makes it for Node, that installs the tarball.
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'new-project-'));
  await cp(join(import.meta.dirname, 'project'), directory, { recursive: true });
  const tarball = (await succeed(['npm', 'run', 'pack'], root)).at(-1) ?? '';
  const options = ['--no-audit', '--no-fund', '--loglevel=error'];
  await succeed(['npm', 'install', ...options, join(root, 'dist', tarball)]);
  await succeed(['npm', 'run', 'build']);
}, 120_000);
afterAll(() => rm(directory, { recursive: true }));

test('the package has JavaScript and declarations, its README and its license, and no sources', async () => {
  const installed = join(directory, 'node_modules/@edge-ping/serve');
  const files = await readdir(installed, { recursive: true, withFileTypes: true });
  const names = files.filter((file) => file.isFile()).map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'serve.js', 'serve.d.ts']),
  );
  const others = names.filter((name) => !/\.(js|d\.ts)$/.test(name));
  expect(others.sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
});

test('it brings @hono/node-server, and nothing else beside hono: ws is for the project to install', async () => {
  const lockfile = JSON.parse(await readFile(join(directory, 'package-lock.json'), 'utf8'));
  const { '': _, ...packages }: Record<string, { dev?: true; devOptional?: true }> =
    lockfile.packages;
  const shipped = Object.entries(packages).flatMap(([path, { dev, devOptional }]) =>
    dev || devOptional ? [] : [path],
  );
  expect(shipped.map((path) => path.replace('node_modules/', ''))).toEqual([
    '@edge-ping/serve',
    '@hono/node-server',
    'hono',
  ]);
});

test.each([
  ['the TypeScript of the project', 'node_modules/.bin/tsc'],
  ['the latest TypeScript', 'tsc'],
])('its declarations are right by %s', async (_, tsc) => {
  await succeed([tsc, '--noEmit', '--skipLibCheck', 'false']);
});

/** Sends a message to the room, which sends it back. */
const sendAndReceive = async (url: string) => {
  const client = await openSocket(`${url}/chat`);
  client.ws.send('hello');
  await client.messages(1);
  expect(client.received).toEqual(['hello']);
  client.ws.close(1000);
  await client.closed;
};

/** The path of another version of Node, as .ci/test-node gets it. */
const nodeOf = async (version: string): Promise<string> => {
  const name = `node-linux-${process.arch}@${version}`;
  const [path = ''] = await succeed([
    'npx',
    '--yes',
    '--package',
    name,
    '-c',
    'node -p process.execPath',
  ]);
  return path;
};

const oldest = Array.from(
  manifest.engines.node.matchAll(/\d+\.\d+/g),
  ([version]) => `${version}.0`,
);

describe.each([...oldest, process.versions.node])('on Node %s', (version) => {
  let node: string;
  let server: ServerProcess;
  beforeAll(async () => {
    node = version === process.versions.node ? process.execPath : await nodeOf(version);
    expect(await succeed([node, '--version'])).toEqual([`v${version}`]);
    server = await startServer([node, 'dist/index.js'], { cwd: directory });
  }, 120_000);

  test('the project serves its app, tells its error, and ends on SIGTERM', async () => {
    const [major] = version.split('.');
    expect(await send(server.url, { path: '/' })).toMatchObject({
      status: 200,
      body: `Node.js/${major}`,
    });
    expect(await send(server.url, { path: '/throw' })).toMatchObject({
      status: 500,
      body: 'of its own',
    });
    expect(await server.stop()).toBe(0);
    expect(server.records()).toEqual([
      expect.objectContaining({ uri: '/', status: 200 }),
      expect.objectContaining({ uri: '/throw', status: 500, error: 'thrown' }),
    ]);
    expect(server.errors()).toEqual([
      expect.objectContaining({ level: 'ERROR', message: 'thrown' }),
    ]);
    expect(server.stderr).toHaveLength(2); // with the start line
  });

  test('the project with a WebSocket serves it with ws', async () => {
    const chat = await startServer([node, 'dist/chat-on-node.js'], { cwd: directory });
    await sendAndReceive(chat.url);
    expect(await chat.stop()).toBe(0);
    expect(chat.records()).toMatchObject([{ uri: '/chat', status: 101, error: '' }]);
    expect(chat.stderr).toHaveLength(1);
  });

  test('the testing tools work without the packages that they may need', async () => {
    expect(await succeed([node, 'dist/test.js'])).toEqual(['200 0 function']);
  });
});

describe('bundled by wrangler, in workerd', () => {
  let worker: Awaited<ReturnType<typeof startWorker>>;
  let output: string;
  beforeAll(async () => {
    const bundle = await bundleWorker(join(directory, 'wrangler.toml'));
    ({ output } = bundle);
    worker = await startWorker(bundle);
  });
  afterAll(() => worker.stop());

  test('there is no warning', () => {
    expect(output).not.toMatch(/warn/i);
  });

  test('the project serves its app and tells its error', async () => {
    expect(await send(worker.url, { path: '/' })).toMatchObject({
      status: 200,
      body: 'Cloudflare-Workers',
    });
    expect(await send(worker.url, { path: '/throw' })).toMatchObject({
      status: 500,
      body: 'of its own',
    });
    await expect.poll(() => worker.records()).toHaveLength(2);
    expect(worker.errors()).toEqual([
      expect.objectContaining({ level: 'ERROR', message: 'thrown' }),
    ]);
  });

  test('the project with a WebSocket serves it, without ws', async () => {
    const { script, output, config } = await bundleWorker(join(directory, 'wrangler-chat.toml'));
    expect(output).not.toMatch(/warn/i);
    expect(script).not.toContain('WebSocketServer');
    const chat = await startWorker({ script, config });
    await sendAndReceive(chat.url);
    await expect
      .poll(() => chat.records())
      .toMatchObject([{ uri: '/chat', status: 101, error: '' }]);
    await chat.stop();
  });

  test('a handler beside fetch runs', async () => {
    const path = '/cdn-cgi/local/scheduled?cron=0+4+*+*+*';
    expect(await send(worker.url, { path })).toMatchObject({ status: 200, body: 'ok' });
    await expect.poll(() => worker.records()).toContainEqual({ cron: '0 4 * * *' });
  });
});
