import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { send } from '../test/support/client.ts';
import { freePort, run } from '../test/support/process.ts';
import { fixedRate } from './fixed-rate.ts';
import { DIST, type Server } from './servers.ts';

const CONNECTIONS = 64;
const BODY = 'Hello, Docker! <3';
const LOG = `${DIST}/access.log`;
const CLOCK_TICKS = 100; // a second, in all of /proc (proc_pid_stat(5), USER_HZ)

/** How long a server is loaded, in seconds. */
export interface Durations {
  warmUp: number;
  throughput: number;
  fixedRate: number;
}

/** What one run of a server told. */
export interface Figures {
  requestsPerSecond: number;
  /** Seconds per 100,000 requests, all threads. */
  cpu: number;
  /** Megabytes. */
  peakMemory: number;
  /** Milliseconds, at the fixed rate. */
  p50: number;
  /** Milliseconds, at the fixed rate. */
  p99: number;
}

/** The first core that this process may use, for the server, and the last, for the load. */
export const cores = (): { server: string; load: string } => {
  const status = readFileSync('/proc/self/status', 'utf8');
  const numbers = /^Cpus_allowed_list:(.*)$/m.exec(status)?.[1]?.match(/\d+/g) ?? [];
  return { server: numbers.at(0) ?? '', load: numbers.at(-1) ?? '' };
};

/** Starts a command on the servers' core; resolves with its first answer, which must be right. */
export const startPinned = async (
  command: string[],
  port: number,
  stdout: number | 'ignore' = 'ignore',
) => {
  const begun = performance.now();
  const { child, stderr, ended } = run(['taskset', '-c', cores().server, ...command], {
    stdio: ['ignore', stdout, 'pipe'],
    env: { ...process.env, NODE_ENV: 'production', PORT: String(port) },
  });
  const answer = async () => {
    while (child.exitCode === null)
      try {
        return await send(`http://127.0.0.1:${port}`, { path: '/' });
      } catch {
        await setTimeout(1); // it doesn't listen yet, and should have the machine to itself
      }
    throw new Error(`${command.join(' ')} ended with ${await ended}: ${stderr.join('\n')}`);
  };
  const { status, body } = await answer();
  const firstAnswer = performance.now() - begun;
  if (status !== 200 || body !== BODY) throw new Error(`${command.join(' ')}: ${status} ${body}`);
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { pid: child.pid, firstAnswer, stop };
};

const countLines = async (path: string): Promise<number> => {
  const { stdout, ended } = run(['wc', '-l', path]);
  await ended;
  return Number.parseInt(stdout[0] ?? '', 10);
};

/** Starts a server; once it is stopped it tells how many lines it has logged. */
const start = async ({ command, log }: Server) => {
  rmSync(LOG, { force: true });
  if (log === 'pipe') execFileSync('mkfifo', [LOG]);
  const piped = log === 'pipe' ? countLines(LOG) : undefined;
  const file = log && (await open(LOG, 'w'));
  const port = await freePort();
  const server = await startPinned(command, port, file?.fd);
  await file?.close();
  const stop = async () => {
    await server.stop();
    return log ? await (piped ?? countLines(LOG)) : undefined;
  };
  return { ...server, port, stop };
};

/** Milliseconds from the start of a server's process to its first answer. */
export const firstAnswer = async (server: Server): Promise<number> => {
  const { firstAnswer, stop } = await start(server);
  await stop();
  return firstAnswer;
};

const saturate = async (port: number, seconds: number) => {
  const url = `http://127.0.0.1:${port}/`;
  const { stdout, ended } = run(['wrk', '-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, url]);
  await ended;
  const output = stdout.join('\n');
  const requests = Number(/(\d+) requests in/.exec(output)?.[1]);
  const perSecond = Number(/Requests\/sec:\s*([\d.]+)/.exec(output)?.[1]);
  if (!(perSecond > 0) || /Non-2xx|Socket errors/.test(output)) throw new Error(output);
  return { requests, perSecond };
};

const cpuSeconds = (pid: number | undefined): number => {
  // The fields after the command's name, which may contain spaces: utime is the 12th, stime the 13th.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
};

const peakMegabytes = (pid: number | undefined): number =>
  Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

/**
 * Loads a fresh process of a server: as much as it takes, then at a fixed rate.
 * @param rateOf makes the fixed rate of the throughput
 */
export const measure = async (
  server: Server,
  durations: Durations,
  rateOf: (requestsPerSecond: number) => number,
): Promise<Figures> => {
  const { pid, port, stop } = await start(server);
  const warmUp = await saturate(port, durations.warmUp);
  const cpuBefore = cpuSeconds(pid);
  const { requests, perSecond } = await saturate(port, durations.throughput);
  const cpu = ((cpuSeconds(pid) - cpuBefore) / requests) * 100_000;
  const peakMemory = peakMegabytes(pid);
  const latencies = await fixedRate(port, BODY, {
    rate: rateOf(perSecond),
    seconds: durations.fixedRate,
    connections: CONNECTIONS,
  });
  const percentile = (share: number) => latencies[Math.floor(latencies.length * share)] ?? 0;
  const records = await stop();
  const answers = warmUp.requests + requests + latencies.length;
  // A log that loses records would be compared with logs that don't.
  if (records !== undefined && records < answers)
    throw new Error(`${server.name}: ${answers} answers, but ${records} lines of log`);
  return {
    requestsPerSecond: perSecond,
    cpu,
    peakMemory,
    p50: percentile(0.5),
    p99: percentile(0.99),
  };
};
