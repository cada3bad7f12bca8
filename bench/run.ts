import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import { gzipSync } from 'node:zlib';
import { bundleWorker } from '@edge-ping/serve/testing/worker';
import manifest from '../package.json' with { type: 'json' };
import library from '../packages/serve/package.json' with { type: 'json' };
import { type Figures, measureRound } from './measure.ts';
import peers from './package.json' with { type: 'json' };
import { page, type Results, tables } from './report.ts';
import { build, DIST, GO_ECHO, type Server, servers } from './servers.ts';

const RESULTS = 'bench/results.md';

// Durations in seconds.
const full = { rounds: 12, warmUp: 2, saturated: 3, fixedRate: 2 };
const quick = { rounds: 3, warmUp: 1, saturated: 1, fixedRate: 1 };

const fail = (line: string): never => {
  console.error(line);
  process.exit(1);
};
const versionOf = (command: string, arg: string): string | undefined =>
  /\d+\.\d[.\d]*/.exec(spawnSync(command, [arg], { encoding: 'utf8' }).stdout ?? '')?.[0];

const args = process.argv.slice(2).join(' ');
if (args !== '' && args !== '--quick')
  fail(`npm run bench: unknown "${args}"; allowed is -- --quick`);
const plan = args === '' ? full : quick;

process.on('SIGINT', () => process.exit(130)); // exiting kills the servers and the load
process.on('SIGTERM', () => process.exit(143));

if (process.platform !== 'linux') fail('The benchmark needs Linux: it reads /proc.');
const status = readFileSync('/proc/self/status', 'utf8');
const cores = /^Cpus_allowed_list:(.*)$/m.exec(status)?.[1]?.match(/\d+/g) ?? [];
const [serverCore, loadCore] = [cores.at(0) ?? '', cores.at(-1) ?? ''];
if (serverCore === loadCore)
  fail('The benchmark needs two cores: for the server and for the load.');
const go = versionOf('go', 'version');
const wrk = versionOf('wrk', '--version');
if (!go || !wrk || !existsSync(GO_ECHO))
  fail('Missing: apt-get install wrk golang-go golang-github-labstack-echo-dev');

console.error('building');
build();
const { script } = await bundleWorker();

// The load inherits this core; each server is started on the other.
spawnSync('taskset', ['-apc', loadCore, String(process.pid)]);

const all: Server[] = Object.values(servers);
const rounds = new Map<Server, Figures[]>(all.map((server) => [server, []]));
const loadBefore = loadavg().map((load) => load.toFixed(1));
for (let round = 1; round <= plan.rounds; round += 1) {
  console.error(`round ${round} of ${plan.rounds}`);
  // There and back, so that no server always has the same neighbours.
  const order = round % 2 ? all : all.toReversed();
  const measured = await measureRound(order, serverCore, plan);
  for (const [server, figures] of measured) rounds.get(server)?.push(figures);
}
rmSync(DIST, { recursive: true });

const { hono } = manifest.dependencies;
const { '@hono/node-server': nodeServer } = library.dependencies;
const { fastify, express } = peers.dependencies;
const results: Results = {
  rounds,
  workerKilobytes: gzipSync(script).length / 1000,
  about: {
    date: new Date().toISOString().slice(0, 10),
    run: `${plan.rounds} rounds; in each, seconds per server: ${plan.warmUp} warm-up, ${plan.saturated} saturated, ${plan.fixedRate} at the fixed rate`,
    CPU: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`,
    'load average before': loadBefore.join(' '),
    kernel: `Linux ${release()}`,
    software: `Node.js ${process.versions.node}, Hono ${hono}, @hono/node-server ${nodeServer}, Fastify ${fastify}, Express ${express}, Go ${go}, wrk ${wrk}`,
  },
};
console.log(`\n${tables(results)}`);
if (plan === full) {
  writeFileSync(RESULTS, page(results));
  console.log(`Written to ${RESULTS}`);
}
