import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { convertV4MiniflareOptions, Miniflare } from 'miniflare';
import { unstable_getMiniflareWorkerOptions } from 'wrangler';
import type { AccessRecord } from '../access-log.ts';
import type { ErrorRecord } from '../error-log.ts';

/** What makes wrangler run unattended: without questions, colours or telemetry. */
export const unattended = { CI: '1', NO_COLOR: '1', WRANGLER_SEND_METRICS: 'false' };

/** The environment of a wrangler that needs no account. */
export const wranglerEnv = { ...process.env, ...unattended };

/** A Worker as wrangler uploads it. */
export interface WorkerBundle {
  /** The main module's source. */
  script: string;
  /** What wrangler printed. */
  output: string;
  /** The path of its configuration. */
  config: string;
}

/** Makes the bundle that `wrangler deploy` uploads. */
export const bundleWorker = async (config = 'wrangler.toml'): Promise<WorkerBundle> => {
  const outdir = await mkdtemp(join(tmpdir(), 'worker-bundle-'));
  try {
    const { stdout, stderr } = await promisify(execFile)(
      'wrangler',
      ['deploy', '--config', config, '--dry-run', '--outdir', outdir],
      { env: wranglerEnv },
    );
    const [name = ''] = (await readdir(outdir)).filter((file) => file.endsWith('.js'));
    return {
      script: await readFile(join(outdir, name), 'utf8'),
      output: stdout + stderr,
      config,
    };
  } finally {
    await rm(outdir, { recursive: true });
  }
};

/**
 * Runs a main module in workerd, on a free port.
 * @param bindings variables beside those of the configuration and .dev.vars
 */
export const startWorker = async (
  { script, config }: Pick<WorkerBundle, 'script' | 'config'>,
  bindings: Record<string, string> = {},
) => {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(config);
  const records: AccessRecord[] = [];
  const errors: ErrorRecord[] = [];
  const plainLines: string[] = [];
  // workerd shows an object as a literal, and adds lines of its own.
  const take = ({ level, message }: { level: string; message: string }) => {
    if (message.startsWith('{')) {
      const record = runInNewContext(`(${message})`);
      if ('level' in record) errors.push(record);
      else if (level === 'log') records.push(record);
    } else if (level === 'error') plainLines.push(message);
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
      bindings: { ...Object(workerOptions.bindings), ...bindings },
      cf: false,
      unsafeTriggerHandlers: true, // as `wrangler dev`: /cdn-cgi/local/scheduled runs a scheduled handler
      handleStructuredLogs: take,
    }),
  );
  const url = (await miniflare.ready).origin;
  return {
    url,
    records: () => [...records],
    errors: () => [...errors],
    /** What else was logged as an error. */
    plainLines: () => [...plainLines],
    stop: () => miniflare.dispose(),
  };
};
