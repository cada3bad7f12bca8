import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import manifest from '../package.json' with { type: 'json' };
import { bundleCommand, run } from '../test/support/process.ts';

/** A server under test; it listens on `PORT`. */
export interface Server {
  name: string;
  command: string[];
  /** Where its log goes, if it has one. */
  log?: 'file' | 'pipe';
}

/** Where everything goes that the benchmark makes and need not keep. */
export const DIST = 'bench/dist';

const DEBIAN_GO = '/usr/share/gocode';
const DEBIAN_ECHO = `${DEBIAN_GO}/src/github.com/labstack/echo`;

/** What to install to have the reference measured, too. */
export const GO_PACKAGES = 'golang-go golang-github-labstack-echo-dev';

/** Whether the reference can be built here. */
export const hasGo = (): boolean => !spawnSync('go', ['version']).error && existsSync(DEBIAN_ECHO);

const succeed = async (command: string[], env: NodeJS.ProcessEnv = {}): Promise<void> => {
  const stdio = ['ignore', 'ignore', 'inherit'] as const;
  const code = await run(command, { stdio: [...stdio], env: { ...process.env, ...env } }).ended;
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}`);
};

/** Bundles a server by the command that bundles the product; returns how to start it. */
const bundle = async (name: string, ...options: string[]): Promise<string[]> => {
  const outfile = `${DIST}/${name}.js`;
  const command = manifest.scripts.build
    .replace('adapters/node.ts', `bench/servers/${name}.ts`)
    .replace('dist/server.js', outfile);
  await succeed([...command.split(' '), '--log-level=warning', ...options]);
  return bundleCommand.map((word) => (word === 'dist/server.js' ? outfile : word));
};

const buildGo = async (): Promise<string[]> => {
  const gopath = `${process.cwd()}/${DIST}/gopath`;
  // Debian installs Echo 4 where Go looks for Echo 1.
  mkdirSync(`${gopath}/src/github.com/labstack/echo`, { recursive: true });
  symlinkSync(DEBIAN_ECHO, `${gopath}/src/github.com/labstack/echo/v4`);
  await succeed(['go', 'build', '-o', `${DIST}/go-echo`, 'bench/servers/go-echo/main.go'], {
    GO111MODULE: 'off',
    GOPATH: `${gopath}:${DEBIAN_GO}`,
  });
  return [`${DIST}/go-echo`];
};

/** Builds all servers; the first is the reference, to which the others are compared. */
export const buildServers = async (): Promise<Server[]> => {
  rmSync(DIST, { recursive: true, force: true });
  await succeed(['npm', '--prefix', 'bench', 'ci', '--silent']);
  await succeed(['npm', 'run', 'build', '--silent', '--', '--log-level=warning']);
  // What is CommonJS keeps its `require` of Node's modules, which an ES module has none of.
  const commonJs =
    "--banner:js=import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";
  const go = hasGo() ? await buildGo() : undefined;
  const nodeHttpLog = await bundle('node-http-log');
  return [
    ...(go ? [{ name: names.go, command: go, log: 'file' as const }] : []),
    { name: names.nodeHttpLog, command: nodeHttpLog, log: 'file' },
    { name: names.product, command: bundleCommand, log: 'file' },
    { name: names.nodeHttp, command: await bundle('node-http') },
    { name: names.hono, command: await bundle('hono') },
    { name: names.fastify, command: await bundle('fastify', commonJs), log: 'file' },
    { name: names.express, command: await bundle('express', commonJs), log: 'file' },
    ...(go ? [{ name: names.goPipe, command: go, log: 'pipe' as const }] : []),
    { name: names.productPipe, command: bundleCommand, log: 'pipe' },
  ];
};

/** What the servers are called in the results. */
export const names = {
  go: 'Go: Echo, its Logger',
  goPipe: 'Go: Echo, its Logger, to a pipe',
  nodeHttpLog: "node:http, edge-ping's log",
  nodeHttp: 'node:http, no log',
  product: 'edge-ping',
  productPipe: 'edge-ping, to a pipe',
  hono: 'Hono, no log',
  fastify: 'Fastify, its logger',
  express: 'Express, pino-http',
};
