import { join } from 'node:path';
import { build } from 'esbuild';
import { lambdaRoot, nodeBundle, nodeSource } from './targets.ts';

/** Vitest's global set-up: bundles the fixture as a service is bundled. */
export const setup = async (): Promise<void> => {
  const options = {
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    logLevel: 'warning',
  } as const;
  await build({
    ...options,
    entryPoints: [nodeSource],
    sourcemap: true,
    outfile: nodeBundle,
  });
  await build({
    ...options,
    entryPoints: [nodeSource.replace('node.ts', 'lambda.ts')],
    minify: true,
    keepNames: true,
    outfile: join(lambdaRoot, 'index.mjs'),
  });
};
