import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { bundleWorker } from '@edge-ping/serve-testing/worker';
import { build } from 'esbuild';
import {
  attackedBundle,
  attackedSource,
  errorsBundle,
  errorsLambdaRoot,
  errorsSource,
  lambdaRoot,
  nodeBundle,
  nodeSource,
  workerConfig,
  workerScript,
} from './targets.ts';

const options = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  logLevel: 'warning',
  // CommonJS packages ask for Node's modules by require.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
} as const;

const bundleServer = (source: string, outfile: string) =>
  build({ ...options, entryPoints: [source], sourcemap: true, outfile });

const bundleFunction = (source: string, root: string) =>
  build({
    ...options,
    entryPoints: [source],
    minify: true,
    keepNames: true,
    outfile: join(root, 'index.mjs'),
  });

const writeWorker = async () => {
  const { script } = await bundleWorker(workerConfig);
  await mkdir(dirname(workerScript), { recursive: true });
  await writeFile(workerScript, script);
};

/** Vitest's global set-up: bundles the fixtures as a service is bundled. */
export const setup = async (): Promise<void> => {
  await Promise.all([
    bundleServer(nodeSource, nodeBundle),
    bundleServer(errorsSource, errorsBundle),
    bundleServer(attackedSource, attackedBundle),
    bundleFunction(nodeSource.replace('node.ts', 'lambda.ts'), lambdaRoot),
    bundleFunction(errorsSource.replace('node.ts', 'lambda.ts'), errorsLambdaRoot),
    writeWorker(),
  ]);
};
