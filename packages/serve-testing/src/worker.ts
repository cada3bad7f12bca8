import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import type { AccessRecord, ErrorRecord } from '@edge-ping/serve';
import { run } from './process.ts';

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
 * Runs a main module in workerd, on a free port. It reads no .dev.vars.
 * @param variables variables and secrets, beside the variables of the configuration
 * @param state the folder of what D1, KV and the like hold, as `--persist-to` of wrangler takes it;
 *   without one they begin empty
 */
export const startWorker = async (
  { script, config }: Pick<WorkerBundle, 'script' | 'config'>,
  variables: Record<string, string> = {},
  state?: string,
) => {
  // Here, because both take long to load, and not every test needs them.
  const { convertV4MiniflareOptions, Miniflare } = await import('miniflare');
  const wrangler = await import('wrangler');
  const settings = wrangler.unstable_readConfig({ config });
  const { workerOptions } = wrangler.unstable_getMiniflareWorkerOptions(settings);
  const records: AccessRecord[] = [];
  const errors: ErrorRecord[] = [];
  const plainLines: string[] = [];
  const context = createContext();
  // workerd shows an object as a literal, and adds lines of its own.
  const take = ({ level, message }: { level: string; message: string }) => {
    if (message.startsWith('{')) {
      const record = runInContext(`(${message})`, context);
      if ('level' in record) errors.push(record);
      else if (level === 'log') records.push(record);
    } else if (level === 'error') plainLines.push(message);
  };
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...workerOptions,
      modules: [{ type: 'ESModule', path: 'worker.js', contents: script }],
      bindings: { ...settings.vars, ...variables }, // not those of the developer's .dev.vars
      ...(state && { resourcePersistencePath: join(state, 'v3') }), // where wrangler has it
      cf: false,
      unsafeTriggerHandlers: true, // as `wrangler dev`: /cdn-cgi/local/scheduled runs a scheduled handler
      handleStructuredLogs: take,
    }),
  );
  const url = (await miniflare.ready).origin;
  return {
    url,
    records: (): AccessRecord[] => [...records],
    errors: (): ErrorRecord[] => [...errors],
    /** What else was logged as an error. */
    plainLines: () => [...plainLines],
    stop: () => miniflare.dispose(),
  };
};

/**
 * Runs `wrangler dev` on a free port, with state and secrets of its own: it reads no .dev.vars.
 * @param state see `startWorker`
 */
export const startWranglerDev = async (
  config = 'wrangler.toml',
  variables: Record<string, string> = {},
  state?: string,
) => {
  const folder = await mkdtemp(join(tmpdir(), 'wrangler-dev-'));
  const noSecrets = join(folder, 'no.env'); // takes the place of .dev.vars
  await writeFile(noSecrets, '');
  const settings = {
    port: 0,
    'inspector-port': 0, // wrangler's own choice can be another wrangler's, started at the same time
    ip: '127.0.0.1',
    'persist-to': state ?? folder,
    'env-file': noSecrets,
  };
  const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const given = Object.entries(variables).flatMap(([name, value]) => ['--var', `${name}:${value}`]);
  // A group of its own, so that wrangler and the workerd that it starts end together.
  const dev = run(['wrangler', 'dev', '--config', config, ...options, ...given], {
    env: wranglerEnv,
    detached: true,
  });
  const url = await new Promise<string>((resolve, reject) => {
    dev.child.stdout?.on('data', () => {
      const ready = /Ready on (http:\S+)/.exec(dev.stdout.join('\n'))?.[1];
      if (ready) resolve(ready);
    });
    dev.ended.then((code) => reject(new Error(`ended with ${code}: ${dev.stderr.join('\n')}`)));
  });
  return {
    url,
    async stop() {
      process.kill(-(dev.child.pid ?? 0), 'SIGTERM');
      await dev.ended;
      await rm(folder, { recursive: true });
    },
  };
};
