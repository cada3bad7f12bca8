import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import type { Server } from './server-process.ts';

/** What the benchmark builds and writes; deleted when it ends. */
export const DIST = 'bench/dist';

/** What `npm run build` makes, run as the image runs it. */
const bundleCommand = ['node', '--enable-source-maps', 'dist/server.js'];

const GO_PATH = '/usr/share/gocode';
/** Where Debian's package installs Echo 4. */
export const GO_ECHO = `${GO_PATH}/src/github.com/labstack/echo`;

/** The command that runs a server of bench/servers. */
export const bundled = (name: string): string[] => bundleCommand.with(-1, `${DIST}/${name}.js`);

const go = [`${DIST}/go-echo`];

/** The servers that are compared, in the order of the tables. */
export const servers = {
  goFile: { name: 'Go Echo, log in a file', command: go, log: 'file' },
  productFile: { name: 'edge-ping, log in a file', command: bundleCommand, log: 'file' },
  productAgain: { name: 'edge-ping, again', command: bundleCommand, log: 'file' },
  goPipe: { name: 'Go Echo, log into a pipe', command: go, log: 'pipe' },
  productPipe: { name: 'edge-ping, log into a pipe', command: bundleCommand, log: 'pipe' },
  nodeHttp: { name: 'node:http, no log', command: bundled('node-http') },
  hono: { name: 'Hono on node-server, no log', command: bundled('hono') },
  honoLogger: {
    name: 'Hono on node-server with logger(), log in a file',
    command: ['env', 'LOGGER=1', ...bundled('hono')],
    log: 'file',
  },
  srvx: { name: 'Hono on srvx, log in a file', command: bundled('srvx'), log: 'file' },
  fastify: { name: 'Fastify, log in a file', command: bundled('fastify'), log: 'file' },
  express: {
    name: 'Express with pino-http, log in a file',
    command: bundled('express'),
    log: 'file',
  },
} satisfies Record<string, Server>;

const execute = (command: string, args: string[], env: NodeJS.ProcessEnv = {}): void => {
  execFileSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
};

/** Builds all servers that run on Node, and Go's. */
export const build = (): void => {
  rmSync(DIST, { recursive: true, force: true });

  execute('npm', ['run', 'build', '--silent', '--', '--log-level=warning']);

  execute('npm', ['--prefix', 'bench', 'ci', '--silent']);
  // Fastify and Express are CommonJS and call `require` for Node's own modules.
  const banner =
    "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const sources = ['*.ts', 'shapes/edge-ping.ts', 'shapes/node-server.ts'];
  const options = `--bundle --platform=node --format=esm --sourcemap --outdir=${DIST}`.split(' ');
  execute('esbuild', [
    ...sources.map((source) => `bench/servers/${source}`),
    ...options,
    `--banner:js=${banner}`,
    '--log-level=warning',
  ]);

  // Debian installs Echo 4 under the import path of Echo 1.
  const goPath = `${process.cwd()}/${DIST}/gopath`;
  mkdirSync(`${goPath}/src/github.com/labstack/echo`, { recursive: true });
  symlinkSync(GO_ECHO, `${goPath}/src/github.com/labstack/echo/v4`);
  execute('go', ['build', '-o', `${DIST}/go-echo`, 'bench/servers/go-echo/main.go'], {
    GO111MODULE: 'off',
    GOPATH: `${goPath}:${GO_PATH}`,
  });
};
