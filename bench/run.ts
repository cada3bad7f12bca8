import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import { cores, firstAnswer, measure } from './measure.ts';
import peers from './package.json' with { type: 'json' };
import { page, type Results, tables } from './report.ts';
import { buildServers, DIST, GO_PACKAGES, hasGo } from './servers.ts';
import { buildWorker } from './worker.ts';

const RESULTS = 'bench/results.md';

// Durations in seconds.
const full = { rounds: 7, starts: 25, warmUp: 2, throughput: 5, fixedRate: 4 };
const quick = { rounds: 3, starts: 7, warmUp: 1, throughput: 1, fixedRate: 1 };

const progress = (line: string): void => console.error(line);
const fail = (line: string): never => {
  progress(line);
  process.exit(1);
};
const exists = (command: string): boolean => !spawnSync(command, ['--version']).error;
const versionOf = (command: string, arg: string): string =>
  /\d+\.\d[.\d]*/.exec(spawnSync(command, [arg], { encoding: 'utf8' }).stdout ?? '')?.[0] ?? 'none';

const args = process.argv.slice(2).join(' ');
if (args !== '' && args !== '--quick') fail('Usage: npm run bench [-- --quick]');
const plan = args === '' ? full : quick;

// Ending runs what ends the servers and the load.
process.on('SIGINT', () => process.exit(130));
process.on('SIGTERM', () => process.exit(143));

if (process.platform !== 'linux') fail('The benchmark needs Linux: it reads /proc.');
if (!exists('taskset')) fail('taskset is missing. To install it: apt-get install util-linux');
if (!exists('wrk')) fail('wrk is missing. To install it: apt-get install wrk');
if (cores().server === cores().load) fail('The server and the load need a core each; here is one.');
if (!hasGo())
  progress(`Without Go the reference is left out. To have it: apt-get install ${GO_PACKAGES}`);

progress('building');
const servers = await buildServers();
const workers = {
  product: await buildWorker('edge-ping'),
  bare: await buildWorker('a bare fetch', 'bench/servers/worker.ts'),
};

const { hono, '@hono/node-server': nodeServer } = manifest.dependencies;
const { fastify, express } = peers.dependencies;
const results: Results = {
  about: {
    date: new Date().toISOString().slice(0, 10),
    run: `${args} ${JSON.stringify(plan)}`,
    CPU: `${cpus()[0]?.model.trim()}, ${availableParallelism()} cores`,
    'load before': loadavg()
      .map((load) => load.toFixed(1))
      .join(' '),
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    kernel: `Linux ${release()}`,
    software: `Node.js ${process.versions.node}, Hono ${hono}, @hono/node-server ${nodeServer}, Fastify ${fastify}, Express ${express}, Go ${versionOf('go', 'version')}, wrk ${versionOf('wrk', '--version')}`,
  },
  rate: 0,
  servers: new Map(servers.map(({ name }) => [name, { rounds: [], starts: [] }])),
  product: { ...workers.product, starts: [] },
  bare: { ...workers.bare, starts: [] },
};

// What is started from here on inherits it, and the servers are pinned to theirs.
spawnSync('taskset', ['-apc', cores().load, String(process.pid)]);

for (let round = 1; round <= plan.rounds; round += 1)
  for (const server of servers) {
    const figures = await measure(server, plan, (requestsPerSecond) => {
      results.rate ||= Math.round(requestsPerSecond / 2); // the reference comes first
      return results.rate;
    });
    results.servers.get(server.name)?.rounds.push(figures);
    const throughput = Math.round(figures.requestsPerSecond);
    progress(`round ${round} of ${plan.rounds}: ${server.name}: ${throughput} requests/s`);
  }

for (let count = 1; count <= plan.starts; count += 1) {
  progress(`start ${count} of ${plan.starts}`);
  for (const server of servers)
    results.servers.get(server.name)?.starts.push(await firstAnswer(server));
  results.product.starts.push(await workers.product.firstAnswer());
  results.bare.starts.push(await workers.bare.firstAnswer());
}

rmSync(DIST, { recursive: true });
writeFileSync(RESULTS, page(results));
console.log(`\n${tables(results)}\nWritten to ${RESULTS}`);
