import type { ExecutionContext } from 'hono';
import { type AccessRecord, accessRecord } from './access-log.ts';
import { app, type Bindings, failed, reportError } from './app.ts';
import { type ErrorRecord, errorRecord, messageOf } from './error-log.ts';

type Prepare = (response: Response) => Response;

const check = (response: unknown): Response => {
  if (response instanceof Response) return response;
  throw new TypeError('a handler returned no Response');
};

const fail = (thrown: unknown, bindings: Bindings, prepare: Prepare): Response => {
  bindings[reportError]?.(thrown);
  return prepare(failed());
};

/**
 * Asks the app, and always gives a Response: its 500 where a handler threw something that Hono does
 * not catch (it only catches an `Error`), or returned something that cannot be sent.
 * @param bindings for `c.env`; its `reportError` takes what went wrong
 * @param prepare makes the response ready to be sent; may throw
 */
export const respond = (
  request: Request,
  bindings: Bindings,
  prepare: Prepare,
  executionCtx?: ExecutionContext,
): Response | Promise<Response> => {
  try {
    const response = app.fetch(request, bindings, executionCtx);
    if (!(response instanceof Promise)) return prepare(check(response));
    return response
      .then((resolved) => prepare(check(resolved)))
      .catch((thrown) => fail(thrown, bindings, prepare));
  } catch (thrown) {
    return fail(thrown, bindings, prepare);
  }
};

/** What a platform that speaks `Request` and `Response` knows of a request, and does with its records. */
export interface Platform {
  bindings: object;
  executionCtx?: ExecutionContext;
  /** Identifies a request that has no `X-Request-Id`. */
  requestId: string;
  remoteAddress: string;
  log(record: AccessRecord): void;
  logError(record: ErrorRecord): void;
}

const nosniff = ['X-Content-Type-Options', 'nosniff'] as const;

const withNosniff = (response: Response): Response => {
  if (response.body?.locked) throw new TypeError('the body of the response is in use');
  try {
    response.headers.set(...nosniff);
    return response;
  } catch {
    // The headers of a response that `fetch` or `Response.redirect` made are immutable.
    const copy = new Response(response.body, response);
    copy.headers.set(...nosniff);
    return copy;
  }
};

/** Serves a request and logs it: before the body is sent, because that cannot be seen from here. */
export const serve = async (request: Request, platform: Platform): Promise<Response> => {
  const startedAt = performance.now();
  let error = '';
  const bindings = {
    ...platform.bindings,
    [reportError](thrown: unknown) {
      error = messageOf(thrown);
      platform.logError(errorRecord('ERROR', thrown));
    },
  };
  const response = await respond(request, bindings, withNosniff, platform.executionCtx);
  const field = (name: string) => request.headers.get(name) ?? '';
  const { host, pathname, search } = new URL(request.url);
  const bytesIn = Number(field('content-length'));
  const length = response.headers.get('Content-Length');
  const hasBody = request.method !== 'HEAD' && response.body !== null;
  platform.log(
    accessRecord({
      time: Date.now(),
      duration: performance.now() - startedAt,
      field,
      fallbackId: platform.requestId,
      remoteAddress: platform.remoteAddress,
      host,
      method: request.method,
      uri: pathname + search,
      status: response.status,
      error,
      bytesIn: Number.isSafeInteger(bytesIn) ? bytesIn : 0,
      // Counting would cost the response its length, or read on for a client that has left.
      bytesOut: hasBody ? (length === null ? null : Number(length)) : 0,
    }),
  );
  return response;
};
