import { join } from 'node:path';

const path = (file: string): string => join(import.meta.dirname, '..', file);

/** The sources of the fixture's Node server. */
export const nodeSource = path('fixture/node.ts');

/** The sources of the server that is attacked. */
export const attackedSource = path('attacks/server.ts');

/** The sources of the server of errors/. */
export const errorsSource = path('errors/node.ts');

/** AWS's own runtime interface client. */
export const lambdaClient = [path('lambda/node_modules/.bin/aws-lambda-ric')];

/** The command that starts the fixture's server. */
export const fixture = ['node', nodeSource];

/** The command of the fixture's server in a process that lacks what isn't public: see without.ts. */
export const degradedFixture = ['node', '--import', path('support/without.ts'), nodeSource];

/** The same, in a process for which a minute is a second. */
export const fastFixture = ['node', '--import', path('support/fast-clock.ts'), nodeSource];

/** The same, in a process that has 128 MB of memory, by its own account. */
export const smallFixture = ['node', '--import', path('support/small-memory.ts'), nodeSource];

/** The command of the service with a store: see serve/service.ts. */
export const service = ['node', path('serve/service.ts')];

/** The request that a healthy fixture responds to with 200. */
export const health = { method: 'GET', path: '/health', body: '{"Status":"OK"}' };
