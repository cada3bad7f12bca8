import { lambda } from '@edge-ping/serve/lambda';
import { app } from '../src/app.ts';

/** The function's handler: `index.handler` of the zip. */
export const handler = lambda(app);
