import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run } from '@edge-ping/serve-testing/process';
import { contract } from '../test/contract.ts';

/** A server under test. It listens on `PORT` and responds to `GET /` with `GREETING`. */
export interface Server {
  name: string;
  command: string[];
  /** Where its log goes; without one, its stdout is /dev/null. */
  log?: 'file' | 'pipe';
}

/** What every server responds to `GET /`. */
export const GREETING = String(
  contract.find(({ method, path }) => method === 'GET' && path === '/')?.body ?? '',
);

const countLines = async (path: string): Promise<number> => {
  const { stdout, ended } = run(['wc', '-l', path]);
  await ended;
  return Number.parseInt(stdout[0] ?? '', 10);
};

/** Starts a server and waits for its first response, which must be the greeting. */
export const start = async ({ name, command, log }: Server, core: string, logPath: string) => {
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
  const url = `http://127.0.0.1:${port}`;
  const receive = async () => {
    while (child.exitCode === null && child.signalCode === null)
      try {
        return await send(url, { path: '/' });
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

  /** Stops the server; throws if its log has fewer lines than it has served requests. */
  const stop = async (served: number) => {
    child.kill('SIGTERM');
    await ended;
    const lines = log && (await (piped ?? countLines(logPath)));
    // A log that loses records would have an unfair advantage.
    if (lines !== undefined && lines < served)
      throw new Error(`${name}: served ${served} requests, but logged only ${lines}`);
  };
  return { pid: child.pid ?? NaN, port, url, firstResponse, stop };
};

/** A server that was started. */
export type Running = Awaited<ReturnType<typeof start>>;
