import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const path = (file: string): string => join(import.meta.dirname, '..', file);

/** The sources of the fixture's Node server. */
export const nodeSource = path('fixture/node.ts');

/** The configuration of its Worker. */
export const workerConfig = path('fixture/wrangler.toml');

/** Its Worker's main module, bundled; made by build.ts. */
export const workerScript = path('dist/worker.js');

/** Its Worker, as `startWorker` takes it. */
export const fixtureWorker = async (config = workerConfig) => ({
  script: await readFile(workerScript, 'utf8'),
  config,
});

/** A configuration with an early `compatibility_date`. */
export const oldWorkerConfig = path('fixture/wrangler-old.toml');

/** Its Node server, bundled; made by build.ts. */
export const nodeBundle = path('dist/server.js');

/** The server that is attacked, and its bundle. */
export const attackedSource = path('attacks/server.ts');
export const attackedBundle = path('dist/attacked/server.js');

/** Its Lambda function, bundled; made by build.ts. */
export const lambdaRoot = path('dist/lambda');

/** The sources of the server of errors/, its bundle, its Worker's configuration and its Lambda function. */
export const errorsSource = path('errors/node.ts');
export const errorsBundle = path('dist/errors.js');
export const errorsWorkerConfig = path('errors/wrangler.toml');
export const errorsLambdaRoot = path('dist/errors-lambda');

/** AWS's own runtime interface client. */
export const lambdaClient = path('lambda/node_modules/.bin/aws-lambda-ric');

/** The command that starts the fixture's server. */
export const fixture = ['node', nodeSource];

/** The same, of the bundle. */
export const bundle = ['node', '--enable-source-maps', nodeBundle];

/** The command of the fixture's server in a process that lacks what isn't public: see without.ts. */
export const degradedFixture = ['node', '--import', path('support/without.ts'), nodeSource];

/** The same, in a process for which a minute is a second. */
export const fastFixture = ['node', '--import', path('support/fast-clock.ts'), nodeSource];

/** The same, in a process that has 128 MB of memory, by its own account. */
export const smallFixture = ['node', '--import', path('support/small-memory.ts'), nodeSource];

/** The command of the service with a store: see serve/service.ts. */
export const service = ['node', path('serve/service.ts')];

/** The ways to run the Node server, by name. */
export const nodeServers: [string, string[]][] = [
  ['the sources', fixture],
  ['the bundle', bundle],
];

/** The request that a healthy fixture responds to with 200. */
export const health = { method: 'GET', path: '/health', body: '{"Status":"OK"}' };

/** Within how many milliseconds of SIGTERM a server has ended, whatever its clients do. */
export const SHUTDOWN_MS = 7_000; // its deadline is 5 s, then half a second for the log
