import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import library from '../packages/serve/package.json' with { type: 'json' };
import { compare } from './comparison.ts';
import peers from './package.json' with { type: 'json' };
import { page, type Results } from './report.ts';
import { build, DIST, GO_ECHO, servers } from './servers.ts';
import { measureShapes, shapeServers, writeFiles } from './shapes.ts';
import { makeSlowGroup, measureSlow, removeSlowGroup, slowServers } from './slow-machine.ts';
import { bundleWorkers, measureWorkers } from './workers.ts';

const RESULTS = 'bench/results.md';

// Durations in seconds.
const full = {
  comparison: { rounds: 5, warmUp: 2, saturated: 2, fixedRate: 1 },
  shapes: { rounds: 2, warmUp: 3, passes: 3 },
  workers: { rounds: 5, warmUp: 2, measured: 2 },
  slow: { rounds: 4, warmUp: 2, saturated: 3, fixedRate: 2 },
};
const quick = {
  comparison: { rounds: 1, warmUp: 1, saturated: 1, fixedRate: 1 },
  shapes: { rounds: 1, warmUp: 2, passes: 1 },
  workers: { rounds: 1, warmUp: 1, measured: 1 },
  slow: { rounds: 1, warmUp: 1, saturated: 1, fixedRate: 1 },
};

const fail = (line: string): never => {
  console.error(line);
  process.exit(1);
};
const versionOf = (command: string, ...args: string[]): string | undefined =>
  /\d+\.\d[.\d]*/.exec(spawnSync(command, args, { encoding: 'utf8' }).stdout ?? '')?.[0];

const args = process.argv.slice(2).join(' ');
if (args !== '' && args !== '--quick')
  fail(`npm run bench: unknown "${args}"; allowed is -- --quick`);
const plan = args === '' ? full : quick;

process.on('SIGINT', () => process.exit(130)); // exiting kills the servers and the load
process.on('SIGTERM', () => process.exit(143));

if (process.platform !== 'linux') fail('The benchmark needs Linux: it reads /proc.');
const coreCount = availableParallelism();
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
writeFiles();
const workers = await bundleWorkers();

// The load inherits this core; each server is started on the other.
spawnSync('taskset', ['-apc', loadCore, String(process.pid)]);

/** Measures all servers in each round, there and back, so that none always has the same neighbours. */
const inRounds = async <S, F>(
  what: string,
  rounds: number,
  all: S[],
  measure: (order: S[]) => Promise<Map<S, F>>,
): Promise<Map<S, F[]>> => {
  const figures = new Map<S, F[]>(all.map((server) => [server, []]));
  for (let round = 1; round <= rounds; round += 1) {
    console.error(`${what}, round ${round} of ${rounds}`);
    const measured = await measure(round % 2 ? all : all.toReversed());
    for (const [server, values] of measured) figures.get(server)?.push(values);
  }
  return figures;
};

const startedAt = performance.now();
const loadBefore = loadavg().map((load) => load.toFixed(1));
const comparison = await inRounds(
  'servers',
  plan.comparison.rounds,
  Object.values(servers),
  (order) => compare(order, serverCore, plan.comparison),
);
const shapes = await inRounds('shapes', plan.shapes.rounds, Object.values(shapeServers), (order) =>
  measureShapes(order, serverCore, plan.shapes),
);
const onWorkers = await inRounds('Workers', plan.workers.rounds, Object.values(workers), (order) =>
  measureWorkers(order, serverCore, plan.workers),
);
const hasSlowGroup = makeSlowGroup();
const slow =
  hasSlowGroup &&
  (await inRounds('slow machine', plan.slow.rounds, Object.values(slowServers), (order) =>
    measureSlow(order, serverCore, plan.slow),
  ));
if (hasSlowGroup) removeSlowGroup();
rmSync(DIST, { recursive: true });

const { hono } = manifest.dependencies;
const { miniflare } = manifest.devDependencies;
const { '@hono/node-server': nodeServer } = library.dependencies;
const { fastify, express, 'pino-http': pinoHttp, srvx } = peers.dependencies;
const echo = versionOf('dpkg-query', '-W', 'golang-github-labstack-echo-dev');
const { warmUp, saturated, fixedRate } = plan.comparison;
const results: Results = {
  comparison,
  shapes,
  workers,
  workerFigures: onWorkers,
  slow: slow || undefined,
  about: {
    date: new Date().toISOString().slice(0, 10),
    took: `${Math.ceil((performance.now() - startedAt) / 60_000)} minutes`,
    servers: `${plan.comparison.rounds} rounds; in each, seconds per server: ${warmUp} warm-up, ${saturated} saturated, ${fixedRate} at the fixed rate`,
    shapes: `${plan.shapes.rounds} rounds; in each, per server and shape: ${plan.shapes.warmUp} seconds of warm-up, then ${plan.shapes.passes} passes of a second in turn (events: of two seconds, all servers at once)`,
    Workers: `${plan.workers.rounds} rounds; in each, seconds per Worker: ${plan.workers.warmUp} warm-up, ${plan.workers.measured} measured`,
    'slow machine': `${plan.slow.rounds} rounds; in each, seconds per server: ${plan.slow.warmUp} warm-up, ${plan.slow.saturated} saturated, ${plan.slow.fixedRate} at the fixed rate`,
    CPU: `${cpus()[0]?.model.trim()}, ${coreCount} cores`,
    'load average before': loadBefore.join(' '),
    kernel: `Linux ${/^\d+\.\d+/.exec(release())?.[0]}`,
    software: `Node.js ${process.versions.node}, Hono ${hono}, @hono/node-server ${nodeServer}, srvx ${srvx}, Fastify ${fastify}, Express ${express}, pino-http ${pinoHttp}, Go ${go}, Echo ${echo}, miniflare ${miniflare}, wrk ${wrk}`,
  },
};
console.log(`\n${page(results)}`);
if (plan === quick)
  console.log('One short round only shows that all works: its figures are noise.');
else {
  writeFileSync(RESULTS, page(results));
  console.log(`Written to ${RESULTS}`);
}
