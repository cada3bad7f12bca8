import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { send } from '@edge-ping/serve-testing/client';
import { bundleWorker } from '@edge-ping/serve-testing/worker';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions, unstable_readConfig } from 'wrangler';
import { processorTime } from './processor-time.ts';
import { GREETING } from './server-process.ts';
import { DIST } from './servers.ts';
import { wrkWithoutLoss } from './wrk.ts';

const CLIENTS = 16;

/** A Worker under test, as wrangler uploads it. */
export interface WorkerServer {
  name: string;
  script: string;
  /** What is uploaded. */
  gzipKilobytes: number;
}

/** What one round measured of a Worker. */
export interface WorkerFigures {
  /** Microseconds of processor time of workerd per request. */
  time: number;
  /** Milliseconds of processor time of workerd until its first response. */
  startUp: number;
}

const bundle = async (name: string, config?: string): Promise<WorkerServer> => {
  const { script } = await bundleWorker(config);
  return { name, script, gzipKilobytes: gzipSync(script).length / 1000 };
};

/** Bundles another main module with the settings of wrangler.toml. */
const bundlePeer = (name: string, file: string): Promise<WorkerServer> => {
  const settings = readFileSync('wrangler.toml', 'utf8');
  const config = `${DIST}/${file}.toml`;
  writeFileSync(config, settings.replace(/^main = .*$/m, `main = "../servers/workers/${file}.ts"`));
  return bundle(name, config);
};

/** Bundles the Workers, in the order of the table. */
export const bundleWorkers = async () => ({
  alone: await bundlePeer('Hono, no log', 'hono'),
  logger: await bundlePeer('Hono with logger()', 'hono-logger'),
  product: await bundle('edge-ping'),
  again: await bundle('edge-ping, again'),
});

/** The Workers under test. */
export type Workers = Awaited<ReturnType<typeof bundleWorkers>>;

const children = (): number[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').map(Number);

/** Starts a Worker in a workerd of its own, and waits for its first response. */
const start = async ({ name, script }: WorkerServer, core: string) => {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(unstable_readConfig({}));
  const before = children();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
      cf: false,
      handleStructuredLogs: () => {},
    }),
  );
  const url = (await miniflare.ready).origin;
  const { status, body } = await send(url, { path: '/' });
  if (status !== 200 || body !== GREETING) throw new Error(`${name}: ${status} "${body}"`);
  const pid = children().find((child) => !before.includes(child)) ?? NaN;
  const startUp = processorTime(pid) / 1000;
  execFileSync('taskset', ['-apc', core, String(pid)]);
  return { pid, url, startUp, stop: () => miniflare.dispose() };
};

/** Starts all Workers afresh, loads them in turn with `GET /` and stops them. */
export const measureWorkers = async (
  workers: WorkerServer[],
  core: string,
  { warmUp, measured }: { warmUp: number; measured: number },
): Promise<Map<WorkerServer, WorkerFigures>> => {
  const all = [];
  for (const worker of workers) all.push({ worker, running: await start(worker, core) });
  for (const { running } of all) await wrkWithoutLoss(`${running.url}/`, CLIENTS, warmUp);

  const figures = new Map<WorkerServer, WorkerFigures>();
  for (const { worker, running } of all) {
    const before = processorTime(running.pid);
    const { requests } = await wrkWithoutLoss(`${running.url}/`, CLIENTS, measured);
    const time = (processorTime(running.pid) - before) / requests;
    figures.set(worker, { time, startUp: running.startUp });
  }
  for (const { running } of all) await running.stop();
  return figures;
};
