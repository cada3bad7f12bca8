import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import type { AccessRecord } from '../../src/access-log.ts';
import type { ErrorRecord } from '../../src/error-log.ts';

/** What makes wrangler run unattended: without questions, colours or telemetry. */
export const unattended = { CI: '1', NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false' };

/** The environment of a wrangler that needs no account. */
export const wranglerEnv = { ...process.env, ...unattended };

/** What wrangler.toml and .dev.vars give a Worker. */
const { workerOptions } = unstable_getMiniflareWorkerOptions('wrangler.toml');

/** A Worker as wrangler uploads it. */
export interface WorkerBundle {
  /** The main module's source. */
  script: string;
  /** What wrangler printed. */
  output: string;
}

/** Makes the bundle that `wrangler deploy` uploads from wrangler.toml, of its main or of another. */
export const bundleWorker = async (main?: string): Promise<WorkerBundle> => {
  const outdir = await mkdtemp(join(tmpdir(), 'edge-ping-worker-'));
  try {
    const { stdout, stderr } = await promisify(execFile)(
      'wrangler',
      ['deploy', ...(main ? [main] : []), '--dry-run', '--outdir', outdir],
      { env: wranglerEnv },
    );
    const name = main ? main.replace(/.*\//, '').replace(/\.ts$/, '.js') : 'cloudflare.js';
    return {
      script: await readFile(join(outdir, name), 'utf8'),
      output: stdout + stderr,
    };
  } finally {
    await rm(outdir, { recursive: true });
  }
};

/**
 * Runs a main module in workerd, on a free port.
 * @param bindings variables beside those of wrangler.toml
 */
export const startWorker = async (
  { script }: Pick<WorkerBundle, 'script'>,
  bindings: Record<string, string> = {},
) => {
  const logs: { level: string; message: string }[] = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
      bindings: { ...Object(workerOptions.bindings), ...bindings },
      cf: false,
      handleStructuredLogs: ({ level, message }) => logs.push({ level, message }),
    }),
  );
  const url = (await miniflare.ready).origin;
  // workerd shows an object as a literal, and adds lines of its own.
  const logged = (level: string) =>
    logs
      .filter((log) => log.level === level && log.message.startsWith('{'))
      .map(({ message }) => runInNewContext(`(${message})`));
  return {
    url,
    records: (): AccessRecord[] => logged('log'),
    errors: (): ErrorRecord[] => logged('error'),
    stop: () => miniflare.dispose(),
  };
};
