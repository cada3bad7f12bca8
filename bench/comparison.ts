import { readFileSync } from 'node:fs';
import { fixedRate } from './fixed-rate.ts';
import { processorTime } from './processor-time.ts';
import { GREETING, type Running, type Server, start } from './server-process.ts';
import { DIST } from './servers.ts';
import { wrkWithoutLoss } from './wrk.ts';

/** How many clients load a server. */
export const CONNECTIONS = 64;
/** Requests per second at which latencies are measured. */
export const FIXED_RATE = 5_000;

/** How long each server is loaded in a round, in seconds. */
export interface Durations {
  warmUp: number;
  saturated: number;
  fixedRate: number;
}

/** What one round measured of a server. */
export interface Figures {
  /** Microseconds of processor time per request, all threads. */
  time: number;
  requestsPerSecond: number;
  /** Milliseconds, at the fixed rate. */
  p50: number;
  p99: number;
  /** Megabytes. */
  peakMemory: number;
  /** Milliseconds from the start of the process. */
  firstResponse: number;
}

/** The most memory that a process has used, in megabytes; the kernel calls 1,024 bytes a kB. */
export const peakMegabytes = (pid: number): number => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmHWM:\s*(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
};

/** Starts all servers afresh on one core, loads them in turn with `GET /` and stops them. */
export const compare = async (
  servers: Server[],
  core: string,
  durations: Durations,
): Promise<Map<Server, Figures>> => {
  const all: { server: Server; running: Running; served: number; seconds: number }[] = [];
  for (const [index, server] of servers.entries()) {
    const running = await start(server, core, `${DIST}/${index}.log`);
    all.push({ server, running, served: 1, seconds: 0 });
  }
  const saturate = async (entry: (typeof all)[number], seconds: number) => {
    const result = await wrkWithoutLoss(`${entry.running.url}/`, CONNECTIONS, seconds);
    entry.served += result.requests;
    entry.seconds += result.seconds;
  };
  for (const entry of all) await saturate(entry, durations.warmUp);

  const warm = all.map(({ running, served, seconds }) => ({
    served,
    seconds,
    time: processorTime(running.pid),
  }));
  // A second each, in turn, so that what slows the machine slows all of them.
  for (let second = 0; second < durations.saturated; second += 1)
    for (const entry of second % 2 ? all.toReversed() : all) await saturate(entry, 1);

  const figures = new Map<Server, Figures>();
  for (const [index, { server, running, served, seconds }] of all.entries()) {
    const before = warm[index] ?? { served: NaN, seconds: NaN, time: NaN };
    const requests = served - before.served;
    const time = (processorTime(running.pid) - before.time) / requests;
    const latencies = await fixedRate(running.port, GREETING, {
      rate: FIXED_RATE,
      seconds: durations.fixedRate,
      connections: CONNECTIONS,
    });
    figures.set(server, {
      time,
      requestsPerSecond: requests / (seconds - before.seconds),
      p50: latencies[Math.floor(latencies.length * 0.5)] ?? NaN,
      p99: latencies[Math.floor(latencies.length * 0.99)] ?? NaN,
      peakMemory: peakMegabytes(running.pid),
      firstResponse: running.firstResponse,
    });
    await running.stop(served + latencies.length);
  }
  return figures;
};
