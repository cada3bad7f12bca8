import { join } from 'node:path';
import { build } from 'esbuild';
import {
  errorsBundle,
  errorsLambdaRoot,
  errorsSource,
  lambdaRoot,
  nodeBundle,
  nodeSource,
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

/** Vitest's global set-up: bundles the fixtures as a service is bundled. */
export const setup = async (): Promise<void> => {
  await bundleServer(nodeSource, nodeBundle);
  await bundleServer(errorsSource, errorsBundle);
  await bundleFunction(nodeSource.replace('node.ts', 'lambda.ts'), lambdaRoot);
  await bundleFunction(errorsSource.replace('node.ts', 'lambda.ts'), errorsLambdaRoot);
};
