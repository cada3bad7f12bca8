import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { bundleWorker, startWorker, wranglerEnv } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { openSocket } from '../websocket/client.ts';

/** Runs a command to its end, which must be a good one; resolves with what it printed. */
const succeed = async (command: string[], cwd: string): Promise<string[]> => {
  const { stdout, stderr, ended } = run(command, { cwd });
  expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
  return stdout;
};

/** Packs the package in a folder of `packages`; resolves with the tarball's path. */
const pack = async (name: string): Promise<string> => {
  const folder = join(import.meta.dirname, '../../..', name);
  const tarball = (await succeed(['npm', 'run', 'pack'], folder)).at(-1) ?? '';
  return join(folder, 'dist', tarball);
};

const install = (directory: string, ...args: string[]) =>
  succeed(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...args], directory);

const made: string[] = [];
afterAll(() => Promise.all(made.map((directory) => rm(directory, { recursive: true }))));

/** Makes a project outside the repository, with the files of these folders, that installs the library. */
const makeProject = async (...folders: string[]): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), 'project-'));
  made.push(directory);
  for (const folder of folders)
    await cp(join(import.meta.dirname, folder), directory, { recursive: true });
  await install(directory, library);
  return directory;
};

let library: string;
let helpers: string;
/** As `npm create hono` makes a project for Node. */
let project: string;
beforeAll(async () => {
  library = await pack('serve');
  helpers = await pack('serve-testing');
  project = await makeProject('project');
  await install(project, '--save-dev', helpers);
  await succeed(['npm', 'run', 'build'], project);
}, 120_000);

test.each([
  ['serve', 'node/serve'],
  ['serve-testing', 'process'],
])(
  '%s has JavaScript, source maps and declarations, its README and its license, and no sources',
  async (name, file) => {
    const installed = join(project, 'node_modules/@edge-ping', name);
    const files = await readdir(installed, { recursive: true, withFileTypes: true });
    const names = files
      .filter((entry) => entry.isFile())
      .map((entry) => join(relative(installed, entry.parentPath), entry.name));
    const pages = ['LICENSE', 'README.md', 'package.json'];
    const compiled = ['.js', '.js.map', '.d.ts'].map((extension) => file + extension);
    expect(names).toEqual(expect.arrayContaining([...pages, ...compiled]));
    expect(names.filter((other) => !/\.(js|js\.map|d\.ts)$/.test(other)).sort()).toEqual(pages);
  },
);

test('attw and publint find nothing wrong with them', async () => {
  for (const tarball of [library, helpers]) {
    await succeed(['attw', tarball, '--profile', 'esm-only'], project);
    expect(await succeed(['publint', 'run', tarball], project)).toContain('All good!');
  }
});

test('create-edge-ping is one program, with the template, and publint finds nothing wrong with it', async () => {
  const tarball = await pack('create');
  expect(await succeed(['publint', 'run', tarball], project)).toContain('All good!');
  const files = await succeed(['tar', '-tf', tarball], project);
  expect(files.toSorted()).toEqual(
    ['LICENSE', 'README.md', 'cli.js', 'package.json', 'template.json'].map(
      (name) => `package/${name}`,
    ),
  );
});

test.each([
  ['typescript-5.3', 'ESNext', 'node'],
  ['typescript-5.3', 'Node16', 'Node16'],
  ['typescript-5.3', 'NodeNext', 'NodeNext'],
  ['typescript-5.3', 'ESNext', 'bundler'],
  ['typescript', 'NodeNext', 'NodeNext'],
  ['typescript-6', 'ESNext', 'node', '--ignoreDeprecations', '6.0'], // the last that has it
  ['the latest', 'Node16', 'Node16'],
  ['the latest', 'NodeNext', 'NodeNext'],
  ['the latest', 'ESNext', 'bundler'],
])(
  'their declarations are right by %s with --module %s --moduleResolution %s',
  async (name, module, resolution, ...others) => {
    const tsc = name === 'the latest' ? 'tsc' : `node_modules/${name}/bin/tsc`;
    const options = ['--module', module, '--moduleResolution', resolution, ...others];
    const { stdout, ended } = run([tsc, '--noEmit', '--skipLibCheck', 'false', ...options], {
      cwd: project,
    });
    expect(await ended).toBe(stdout.length > 0 ? 2 : 0);
    // Hono's own need TypeScript 5.7.
    expect(stdout.filter((line) => !line.startsWith('node_modules/hono/'))).toEqual([]);
  },
);

describe('a project that tests itself with the oldest wrangler and Vitest', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await makeProject('project', 'project-with-tests');
    await install(directory, '--save-dev', helpers);
  }, 240_000);

  test('passes its tests in workerd', async () => {
    await succeed(['npm', 'test'], directory);
  });

  test('installs in production the library, what it is built on, and nothing else', async () => {
    await succeed(['npm', 'ci', '--omit=dev', '--no-audit'], directory);
    const lockfile = await readFile(join(directory, 'node_modules/.package-lock.json'), 'utf8');
    const paths = Object.keys(JSON.parse(lockfile).packages);
    expect(paths.map((path) => path.replace('node_modules/', ''))).toEqual([
      '@edge-ping/serve',
      '@hono/node-server',
      'hono',
    ]);
  });
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
  const command = ['npx', '--yes', '--package', name, '-c', 'node -p process.execPath'];
  const [path = ''] = await succeed(command, project);
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
    expect(await succeed([node, '--version'], project)).toEqual([`v${version}`]);
    server = await startServer([node, 'dist/index.js'], { cwd: project });
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
    const chat = await startServer([node, 'dist/chat-on-node.js'], { cwd: project });
    await sendAndReceive(chat.url);
    expect(await chat.stop()).toBe(0);
    expect(chat.records()).toMatchObject([{ uri: '/chat', status: 101, error: '' }]);
    expect(chat.stderr).toHaveLength(1);
  });

  test('the testing tools work without the packages that they may need', async () => {
    expect(await succeed([node, 'dist/test.js'], project)).toEqual(['200 0 function']);
  });
});

// ws before 8.22 took such a socket for one that is closing, and left it open.
test('with the oldest ws, a WebSocket that is closed with a reason that is too long is closed', async () => {
  const chat = await startServer(['node', 'dist/chat-on-node.js'], { cwd: project });
  const client = await openSocket(`${chat.url}/chat`);
  client.ws.send('bye');
  expect(await client.closed).toEqual([1011, 'Internal Server Error']);
  expect(await chat.stop()).toBe(0);
});

test('in the workerd of April 2025, the Worker starts and serves', async () => {
  const directory = await makeProject('project', 'project-of-2025');
  const port = await freePort();
  const options = ['--ip', '127.0.0.1', '--port', `${port}`, '--inspector-port', '0'];
  const wrangler = run(['node_modules/.bin/wrangler', 'dev', ...options], {
    cwd: directory,
    env: wranglerEnv,
    detached: true, // a group of its own, so that workerd ends with it
  });
  const output = () => [...wrangler.stdout, ...wrangler.stderr].join('\n');
  await expect.poll(output).toContain('Ready on');
  // The second would fail on what the first request left behind.
  for (const path of ['/shutdown', '/shutdown'])
    expect(await send(`http://127.0.0.1:${port}`, { path }), output()).toMatchObject({
      status: 200,
      body: 'false',
    });
  process.kill(-(wrangler.child.pid ?? 0), 'SIGTERM');
  await wrangler.ended;
}, 240_000);

describe('bundled by wrangler, in workerd', () => {
  let worker: Awaited<ReturnType<typeof startWorker>>;
  let output: string;
  beforeAll(async () => {
    const bundle = await bundleWorker(join(project, 'wrangler.toml'));
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
    const { script, output, config } = await bundleWorker(join(project, 'wrangler-chat.toml'));
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
