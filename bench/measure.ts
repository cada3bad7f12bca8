import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { send } from '@edge-ping/serve/testing/client';
import { freePort, run } from '@edge-ping/serve/testing/process';
import { contract } from '../test/contract.ts';
import { fixedRate } from './fixed-rate.ts';
import { DIST, type Server } from './servers.ts';

export const CONNECTIONS = 64;
/** Requests per second at which latencies are measured. */
export const FIXED_RATE = 5_000;
const CLOCK_TICK_MICROSECONDS = 10_000; // USER_HZ is 100 everywhere in /proc (proc_pid_stat(5))

const GREETING = String(
  contract.find(({ method, path }) => method === 'GET' && path === '/')?.body ?? '',
);

/** How long each server is loaded in a round, in seconds. */
export interface Durations {
  warmUp: number;
  saturated: number;
  fixedRate: number;
}

/** What one round measured of a server. */
export interface Figures {
  /** Microseconds of processor time per request, all threads. */
  user: number;
  system: number;
  total: number;
  requestsPerSecond: number;
  /** Milliseconds, at the fixed rate. */
  p50: number;
  p99: number;
  /** Megabytes. */
  peakMemory: number;
  /** Milliseconds from the start of the process. */
  firstResponse: number;
}

const countLines = async (path: string): Promise<number> => {
  const { stdout, ended } = run(['wc', '-l', path]);
  await ended;
  return Number.parseInt(stdout[0] ?? '', 10);
};

/** Starts a server and waits for its first response, which must be the greeting. */
const start = async ({ name, command, log }: Server, core: string, logPath: string) => {
  rmSync(logPath, { force: true });
  if (log === 'pipe') execFileSync('mkfifo', [logPath]);
  const piped = log === 'pipe' ? countLines(logPath) : undefined;
  const file = log && (await open(logPath, 'w'));

  const port = await freePort();
  const startedAt = performance.now();
  const { child, stderr, ended } = run(['taskset', '-c', core, ...command], {
    stdio: ['ignore', file?.fd ?? 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port), GREETING },
  });
  await file?.close();
  const receive = async () => {
    while (child.exitCode === null)
      try {
        return await send(`http://127.0.0.1:${port}`, { path: '/' });
      } catch {
        await setTimeout(1); // not listening yet
      }
    throw new Error(`${name} ended with ${await ended}: ${stderr.join('\n')}`);
  };
  const { status, body } = await receive();
  const firstResponse = performance.now() - startedAt;
  if (status !== 200 || body !== GREETING)
    throw new Error(
      `${name}: GET / expected 200 "${GREETING}" (test/contract.ts), received ${status} "${body}"`,
    );

  /** Stops the server and returns the number of lines in its log, if it has one. */
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    return log && (await (piped ?? countLines(logPath)));
  };
  return { pid: child.pid, port, firstResponse, requests: 1, seconds: 0, stop };
};
type Running = Awaited<ReturnType<typeof start>>;

const saturate = async (server: Running, seconds: number): Promise<void> => {
  const url = `http://127.0.0.1:${server.port}/`;
  const { stdout, ended } = run(['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url]);
  await ended;
  const output = stdout.join('\n');
  const [, requests, elapsed] = /(\d+) requests in ([\d.]+)s/.exec(output) ?? [];
  if (!requests || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  server.requests += Number(requests);
  server.seconds += Number(elapsed);
};

/** What a server has used and served until now; times in microseconds. */
const snapshot = ({ pid, requests, seconds }: Running) => {
  // The fields after the command's name, which may contain spaces: utime is the 12th, stime the 13th.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /, '');
  const [user = NaN, system = NaN] = stat
    .split(' ')
    .slice(11, 13)
    .map((ticks) => Number(ticks) * CLOCK_TICK_MICROSECONDS);
  return { user, system, requests, seconds };
};

const peakMegabytes = (pid: number | undefined): number =>
  Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/** Starts all servers afresh on one core, loads them in turn and stops them. */
export const measureRound = async (
  servers: Server[],
  core: string,
  durations: Durations,
): Promise<Map<Server, Figures>> => {
  const all: { server: Server; running: Running }[] = [];
  for (const server of servers)
    all.push({ server, running: await start(server, core, `${DIST}/${all.length}.log`) });
  for (const { running } of all) await saturate(running, durations.warmUp);

  const warm = all.map((entry) => ({ ...entry, before: snapshot(entry.running) }));
  // A second each, in turn, so that what slows the machine slows all of them.
  for (let second = 0; second < durations.saturated; second += 1)
    for (const { running } of second % 2 ? all.toReversed() : all) await saturate(running, 1);

  const figures = new Map<Server, Figures>();
  for (const { server, running, before } of warm) {
    const after = snapshot(running);
    const requests = after.requests - before.requests;
    const user = (after.user - before.user) / requests;
    const system = (after.system - before.system) / requests;
    const latencies = await fixedRate(running.port, GREETING, {
      rate: FIXED_RATE,
      seconds: durations.fixedRate,
      connections: CONNECTIONS,
    });
    figures.set(server, {
      user,
      system,
      total: user + system,
      requestsPerSecond: requests / (after.seconds - before.seconds),
      p50: latencies[Math.floor(latencies.length * 0.5)] ?? NaN,
      p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
      peakMemory: peakMegabytes(running.pid),
      firstResponse: running.firstResponse,
    });
    const served = running.requests + latencies.length;
    const records = await running.stop();
    // A log that loses records would have an unfair advantage.
    if (records !== undefined && records < served)
      throw new Error(`${server.name}: served ${served} requests, but logged only ${records}`);
  }
  return figures;
};
