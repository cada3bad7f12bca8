import { type Env, Hono, type Schema } from 'hono';
// Hono marks this import as deprecated, but the package that replaces it is not on npm yet.
import { getConnInfo, handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { HonoBase } from 'hono/hono-base';
import { BackgroundTasks } from '../app/background-tasks.ts';
import { watchOutermost } from '../app/errors.ts';
import type { OptionalIfEmpty, OwnBindings, WithBindings } from '../app/options.ts';
import type { ServeBindings } from '../index.ts';
import { jsonLine } from '../log/json-line.ts';
import { decodedFetch } from '../node/decoded-fetch.ts';
import { serveWeb } from './serve-web.ts';

// Lambda's console.log would put a time, an id and a level before each line.
const log = (record: object) => process.stdout.write(`${jsonLine(record)}\n`);
const logError = (record: object) => process.stderr.write(`${jsonLine(record)}\n`);

const ignore = () => {}; // it is told already

/** What Lambda itself adds to `c.env`. */
interface LambdaBindings {
  event: LambdaEvent;
  requestContext: unknown;
  lambdaContext: LambdaContext;
}

/**
 * Makes the handler of an AWS Lambda function from an app, for the events of API Gateway and of
 * function URLs. An invocation ends when its response is made and what the app gave to `waitUntil`
 * is done.
 * @param options the bindings that the app declares, beside those of Lambda
 */
export const lambda = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<WithBindings<OwnBindings<E, LambdaBindings & ServeBindings>>>
): ReturnType<typeof handle> => {
  watchOutermost(app);
  const tasks = new BackgroundTasks();
  const entry = new Hono<{ Bindings: { lambdaContext: LambdaContext } }>().all('*', (c) =>
    serveWeb(app.fetch, c.req.raw, {
      bindings: { ...c.env, ...options?.bindings },
      executionCtx: {
        props: {},
        waitUntil: (promise) => tasks.add(promise, ignore),
        passThroughOnException() {}, // there is no origin to pass on to
      },
      fallbackId: c.env.lambdaContext.awsRequestId,
      remoteAddress: getConnInfo(c).remote.address ?? '',
      log,
      logError,
      logLine: logError,
      prepare: decodedFetch,
    }),
  );
  const invoke = handle(entry);
  return async (event, context) => {
    const result = await invoke(event, context);
    await tasks.settled();
    return result;
  };
};
