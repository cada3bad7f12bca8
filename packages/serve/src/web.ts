import type { ExecutionContext } from 'hono';
import { type AccessRecord, accessRecord, type Exchange } from './access-log.ts';
import { type AppLine, type LineTaker, takeLine } from './app-log.ts';
import { type ErrorRecord, errorRecord, reasonOf, unseen } from './error-log.ts';
import { type ErrorTaker, takeError } from './errors.ts';
import { isCostlyToDecode } from './escapes.ts';
import { type Fetch, respond } from './respond.ts';
import { badRequest, connectionFields } from './responses.ts';
import { traceIdOf } from './trace.ts';

/** What a platform that speaks `Request` and `Response` knows of a request, and does with its records. */
export interface Platform {
  bindings: object;
  /** The platform's own; else one that waits for the tasks. */
  executionCtx: ExecutionContext;
  /** Identifies a request that has no `X-Request-Id`. */
  fallbackId: string;
  remoteAddress: string;
  log(record: AccessRecord): void;
  logError(record: ErrorRecord): void;
  logLine(line: AppLine): void;
  /** Makes a response of the app ready for the platform; may throw. */
  prepare?: (response: Response) => Response;
}

/** The property of an execution context that says how a WebSocket went, once it is closed. */
export const whenClosed = Symbol();

/** The execution context of a request that has become a WebSocket. */
export interface SocketOwner {
  [whenClosed]?: Promise<Pick<Exchange, 'error' | 'bytesIn' | 'bytesOut'>>;
}

// On platforms that stop without a word to the app.
const shutdown = new AbortController().signal;

/** Sets the field that is always set, and takes off those that the app has no say in. */
const setFields = ({ headers, status }: Response): void => {
  headers.set('X-Content-Type-Options', 'nosniff');
  if (status === 101) return;
  for (const name of connectionFields)
    if (status !== 426 || name !== 'Upgrade') headers.delete(name);
  const length = headers.get('Content-Length');
  if (length !== null && (status === 204 || !/^\d+$/.test(length)))
    headers.delete('Content-Length');
};

/** Makes a response ready to be sent; to HEAD, without its body. */
const prepared = (response: Response, isHead: boolean): Response => {
  const { status } = response;
  // That of Response.error() is 0; 101 is a WebSocket's.
  if (status !== 101 && !(status >= 200 && status <= 599))
    throw new RangeError(`status ${status} is not final`);
  if (response.body?.locked) throw new TypeError('the body of the response is in use');
  let sent = response;
  if (isHead && response.body) {
    response.body.cancel().catch(() => {}); // else an endless one would go on
    sent = new Response(null, response);
  }
  try {
    setFields(sent);
    return sent;
  } catch {
    // The headers of a response that `fetch` or `Response.redirect` made are immutable.
    const copy = new Response(sent.body, sent);
    setFields(copy);
    return copy;
  }
};

/** Serves a request and logs it: before the body is sent, because that cannot be seen from here. */
export const serveWeb = async (
  fetch: Fetch,
  request: Request,
  platform: Platform,
): Promise<Response> => {
  const startedAt = performance.now();
  const errors = new Set<unknown>();
  const field = (name: string) => request.headers.get(name) ?? '';
  const requestId = field('x-request-id') || platform.fallbackId;
  const { method } = request;
  const { host, pathname, search } = new URL(request.url);
  const traceId = traceIdOf(field('traceparent'));
  const name = { id: requestId, method, uri: pathname + search, traceId };
  const tell = (error: unknown) => platform.logError(errorRecord('ERROR', error, name));
  const { waitUntil } = platform.executionCtx;
  const executionCtx: ExecutionContext & ErrorTaker & LineTaker & SocketOwner = Object.assign(
    platform.executionCtx,
    {
      // The platform would at most count what a task fails with.
      waitUntil: (task: Promise<unknown>) =>
        waitUntil.call(platform.executionCtx, Promise.resolve(task).catch(tell)),
      [takeError]: (error: unknown) => errors.add(error),
      [takeLine]: (line: AppLine) => platform.logLine({ ...line, id: line.id || requestId }),
    },
  );
  const isHead = method === 'HEAD';
  const refusal =
    isCostlyToDecode(request.url) || isCostlyToDecode(field('cookie'))
      ? 'too many malformed percent-escapes'
      : '';
  const response = await (refusal
    ? prepared(badRequest(), isHead)
    : respond(
        fetch,
        isHead ? new Request(request, { method: 'GET' }) : request,
        { shutdown, ...platform.bindings },
        executionCtx,
        (response) => prepared(platform.prepare?.(response) ?? response, isHead),
      ));
  const { status } = response;
  name.id = response.headers.get('X-Request-Id') ?? requestId;
  if (status >= 500) for (const error of errors.size > 0 ? errors : [unseen(status)]) tell(error);
  const bytesIn = Number(field('content-length'));
  const length = response.headers.get('Content-Length');
  const [error] = errors;
  const log = (outcome?: Partial<Exchange>) =>
    platform.log(
      accessRecord({
        time: Date.now(),
        duration: performance.now() - startedAt,
        ...name,
        remoteAddress: platform.remoteAddress,
        host,
        userAgent: field('user-agent'),
        status,
        error: errors.size > 0 ? reasonOf(error) : refusal,
        bytesIn: Number.isSafeInteger(bytesIn) ? bytesIn : 0,
        // Counting would cost the response its length, or read on for a client that has left.
        bytesOut: response.body === null ? 0 : length === null ? null : Number(length),
        ...outcome,
      }),
    );
  const closed = executionCtx[whenClosed];
  if (closed && status === 101) closed.then(log);
  else log();
  return response;
};
