import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { CONNECTIONS, type Durations, FIXED_RATE, peakMegabytes } from './comparison.ts';
import { fixedRate } from './fixed-rate.ts';
import { GREETING, type Server, start } from './server-process.ts';
import { DIST, servers } from './servers.ts';
import { wrk } from './wrk.ts';

// As in Dockerfile.multistage.
const NODE_OPTIONS = '--enable-source-maps --max-old-space-size-percentage=50 --disable-sigusr1';

/** The servers that are measured; a container's log goes into a pipe. */
export const slowServers = {
  product: servers.productPipe,
  go: servers.goPipe,
  hono: servers.hono,
};

/** What one round measured of a server with half a core and 128 MiB. */
export interface SlowFigures {
  requestsPerSecond: number;
  /** Milliseconds, at the fixed rate. */
  p99: number;
  /** Requests without a response, or with a status of 400 or more. */
  lost: number;
  /** Megabytes. */
  peakMemory: number;
}

const CGROUPS = '/sys/fs/cgroup';
const isVersion2 = existsSync(`${CGROUPS}/cgroup.controllers`);
const NAME = 'edge-ping-bench';
const MEMORY = String(128 * 1024 * 1024);
const limits: [folder: string, file: string, value: string][] = isVersion2
  ? [
      [`${CGROUPS}/${NAME}`, 'cpu.max', '50000 100000'],
      [`${CGROUPS}/${NAME}`, 'memory.max', MEMORY],
    ]
  : [
      [`${CGROUPS}/cpu/${NAME}`, 'cpu.cfs_period_us', '100000'],
      [`${CGROUPS}/cpu/${NAME}`, 'cpu.cfs_quota_us', '50000'],
      [`${CGROUPS}/memory/${NAME}`, 'memory.limit_in_bytes', MEMORY],
    ];
const folders = [...new Set(limits.map(([folder]) => folder))];

/** Makes a control group of half a core and 128 MiB; returns whether this machine lets us. */
export const makeSlowGroup = (): boolean => {
  try {
    if (isVersion2) writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+cpu +memory');
    for (const folder of folders) mkdirSync(folder, { recursive: true });
    for (const [folder, file, value] of limits) writeFileSync(`${folder}/${file}`, value);
    return true;
  } catch {
    return false; // not root, or in a container
  }
};

/** Removes the group. */
export const removeSlowGroup = (): void => {
  for (const folder of folders) rmdirSync(folder);
};

/** Starts each server afresh in the group, one at a time, loads it with `GET /` and stops it. */
export const measureSlow = async (
  all: Server[],
  core: string,
  durations: Durations,
): Promise<Map<Server, SlowFigures>> => {
  const join = folders.map((folder) => `echo $$ > ${folder}/cgroup.procs`).join(' && ');
  const figures = new Map<Server, SlowFigures>();
  for (const server of all) {
    const command = ['sh', '-c', `${join} && exec "$@"`, 'sh', ...server.command];
    const slow = { ...server, command: ['env', `NODE_OPTIONS=${NODE_OPTIONS}`, ...command] };
    const running = await start(slow, core, `${DIST}/slow.log`);
    const warm = await wrk(`${running.url}/`, CONNECTIONS, durations.warmUp);
    const { requests, seconds, lost } = await wrk(
      `${running.url}/`,
      CONNECTIONS,
      durations.saturated,
    );
    const latencies = await fixedRate(running.port, GREETING, {
      rate: FIXED_RATE,
      seconds: durations.fixedRate,
      connections: CONNECTIONS,
    });
    const peakMemory = peakMegabytes(running.pid);
    await running.stop(1 + warm.requests + requests + latencies.length);
    figures.set(server, {
      requestsPerSecond: requests / seconds,
      p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
      lost: warm.lost + lost,
      peakMemory,
    });
  }
  await setTimeout(100); // the group can be removed when the kernel has forgotten its processes
  return figures;
};
