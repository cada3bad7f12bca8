import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleWorker } from '@edge-ping/serve-testing/worker';
import { build } from 'esbuild';
import { once } from './once.ts';

const path = (file: string): string => join(import.meta.dirname, '..', file);

/** The configuration of the fixture's Worker. */
const workerConfig = path('fixture/wrangler.toml');

/** The same, with an early `compatibility_date`. */
export const oldWorkerConfig = path('fixture/wrangler-old.toml');

const workerFolder = once('worker', async (folder) => {
  const { script } = await bundleWorker(workerConfig);
  await writeFile(join(folder, 'worker.js'), script);
});

/** The fixture's Worker, bundled as wrangler does it, for `startWorker`. */
export const fixtureWorker = async (config = workerConfig) => ({
  script: await readFile(join(await workerFolder(), 'worker.js'), 'utf8'),
  config,
});

/** A Worker that asks nothing of wrangler: esbuild bundles it sooner. */
export const builtWorker = async (source: string) => {
  const { outputFiles } = await build({
    entryPoints: [path(source)],
    bundle: true,
    write: false,
    format: 'esm',
    external: ['node:*'],
    logLevel: 'warning',
  });
  return { script: outputFiles[0]?.text ?? '', config: path('support/wrangler.toml') };
};
