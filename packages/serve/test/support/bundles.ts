import { join } from 'node:path';
import { build } from 'esbuild';
import { once } from './once.ts';
import { attackedSource, errorsSource, fixture, nodeSource } from './targets.ts';

// The fixtures, bundled as a service is.

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

/** Makes the folder of a server, with server.js. */
const bundledServer = (name: string, source: string) =>
  once(name, (folder) =>
    build({
      ...options,
      entryPoints: [source],
      sourcemap: true,
      outfile: join(folder, 'server.js'),
    }),
  );

/** Makes the folder of a function of Lambda, with index.mjs. */
const bundledFunction = (name: string, source: string) =>
  once(name, (folder) =>
    build({
      ...options,
      entryPoints: [source],
      minify: true,
      keepNames: true,
      outfile: join(folder, 'index.mjs'),
    }),
  );

/** The folder of the fixture's Node server. */
export const serverFolder = bundledServer('server', nodeSource);
/** The folder of the server that is attacked. */
export const attackedFolder = bundledServer('attacked', attackedSource);
const errorsFolder = bundledServer('errors', errorsSource);

/** The root of the fixture's function of Lambda. */
export const lambdaRoot = bundledFunction('lambda', nodeSource.replace('node.ts', 'lambda.ts'));
/** The root of that of errors/. */
export const errorsLambdaRoot = bundledFunction(
  'errors-lambda',
  errorsSource.replace('node.ts', 'lambda.ts'),
);

/** The command that starts the fixture's server, of the bundle. */
export const bundle = async (): Promise<string[]> => [
  'node',
  '--enable-source-maps',
  join(await serverFolder(), 'server.js'),
];

/** The server of errors/, bundled. */
export const errorsBundle = async (): Promise<string> => join(await errorsFolder(), 'server.js');

/** The ways to run the fixture's Node server, by name. */
export const nodeServers: [string, () => Promise<string[]>][] = [
  ['the sources', async () => fixture],
  ['the bundle', bundle],
];
