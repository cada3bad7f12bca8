import { send } from '@edge-ping/serve-testing/client';
import type { engine } from '@edge-ping/serve-testing/engine';
import { startLambda } from '@edge-ping/serve-testing/lambda';
import { startServer } from '@edge-ping/serve-testing/process';
import type { startWorker } from '@edge-ping/serve-testing/worker';

// What needs what is not installed here.
export type Others = [typeof engine, typeof startWorker];

const server = await startServer([process.execPath, 'dist/index.js']);
const { status } = await send(server.url, { path: '/' });
console.log(status, await server.stop(), typeof startLambda);
