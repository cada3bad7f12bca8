import { events } from '@edge-ping/serve-testing/lambda';
import { lambda } from '../../src/web/lambda.ts';
import { linesWays, makeApp, ways } from './apps.ts';

// A process with a Lambda function for each way. It invokes the one that its parent names, and ends on SIGTERM.

const functions = new Map(
  Object.entries({ ...ways, ...linesWays }).map(([name, options]) => [
    name,
    lambda(makeApp(), options),
  ]),
);

process.on('message', async ([way, sent]: [string, Parameters<(typeof events)['2.0']>[0]]) => {
  const event: unknown = events['2.0'](sent);
  await functions.get(way)?.(event as never, { awsRequestId: way } as never);
  process.send?.('done');
});
process.once('SIGTERM', () => process.disconnect?.());
