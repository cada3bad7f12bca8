import { Hono } from 'hono';
// Hono marks this import as deprecated, but the package that replaces it is not on npm yet.
import { getConnInfo, handle, type LambdaContext } from 'hono/aws-lambda';
import { jsonLine } from '../src/json-line.ts';
import { serve } from '../src/serve.ts';

const app = new Hono<{ Bindings: { lambdaContext: LambdaContext } }>().all('*', (c) =>
  serve(c.req.raw, {
    bindings: c.env,
    requestId: c.env.lambdaContext.awsRequestId,
    remoteAddress: getConnInfo(c).remote.address ?? '',
    // Lambda's console.log would put a time, an id and a level before each line.
    log: (record) => process.stdout.write(`${jsonLine(record)}\n`),
    logError: (record) => process.stderr.write(`${jsonLine(record)}\n`),
  }),
);

/** The function's handler, for the events of API Gateway and of function URLs. */
export const handler = handle(app);
