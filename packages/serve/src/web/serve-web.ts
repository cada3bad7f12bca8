import type { ExecutionContext } from 'hono';
import { type ErrorTaker, takeError } from '../app/errors.ts';
import { isCostlyToDecode } from '../app/escapes.ts';
import { type LineTaker, takeLine } from '../app/log.ts';
import { type Fetch, respond } from '../app/respond.ts';
import { badRequest, connectionFields } from '../app/responses.ts';
import type { AccessEntry } from '../log/access-record.ts';
import { type ErrorRecord, type RequestName, reasonOf, unseen } from '../log/error-record.ts';
import type { Logs } from '../log/options.ts';
import { traceIdOf } from '../log/trace-id.ts';

/** What a platform that speaks `Request` and `Response` knows of a request, and does with its records. */
export interface Platform {
  bindings: object;
  /** The platform's own; else one that waits for the tasks. */
  executionCtx: ExecutionContext;
  /** The request's `X-Request-Id`, else what identifies it on the platform. */
  id: string;
  remoteAddress: string;
  userAgent: string;
  logs: Logs;
  /** Makes a response of the app ready for the platform; may throw. */
  prepare?: (response: Response) => Response;
}

/** The method of an execution context that takes what goes on as a WebSocket. */
export const takeSocket = Symbol();

/** How a WebSocket went. */
export type SocketOutcome = Pick<AccessEntry, 'error' | 'bytesIn' | 'bytesOut'>;

/** Begins once the response is made, whatever that is; resolves when it is closed. */
type Socket = (response: Response) => Promise<SocketOutcome>;

/** The execution context of a request that may become a WebSocket. */
export interface SocketOwner {
  [takeSocket](socket: Socket): void;
}

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
  // Response.error() has status 0; a WebSocket has 101.
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

/** The execution context of a request: the platform's, as far as Hono's type has it, and what the library needs. */
class RequestContext implements ExecutionContext, ErrorTaker, LineTaker, SocketOwner {
  /** What was thrown. */
  readonly errors = new Set<unknown>();
  /** Whether the app has logged an error by itself. */
  hasLoggedError = false;
  socket: Socket | undefined;
  isResponded = false;
  readonly #platform: Platform;
  readonly #request: RequestName;

  constructor(platform: Platform, request: RequestName) {
    this.#platform = platform;
    this.#request = request;
  }

  get props() {
    return this.#platform.executionCtx.props;
  }

  get exports() {
    return this.#platform.executionCtx.exports;
  }

  passThroughOnException(): void {
    this.#platform.executionCtx.passThroughOnException();
  }

  // Without this, the platform would at most count what a task fails with.
  waitUntil(task: Promise<unknown>): void {
    const told = Promise.resolve(task).catch((error) => this.tell(error));
    this.#platform.executionCtx.waitUntil(told);
  }

  tell(error: unknown): void {
    this.#platform.logs.writeError('ERROR', error, this.#request);
  }

  [takeError](error: unknown): void {
    if (this.isResponded) this.tell(error);
    else this.errors.add(error);
  }

  [takeSocket](socket: Socket): void {
    this.socket = socket;
  }

  [takeLine](line: ErrorRecord, thrown: unknown): void {
    this.hasLoggedError ||= line.level === 'ERROR';
    this.#platform.logs.writeLine({ ...line, id: line.id || this.#request.id }, thrown);
  }
}

const log = (
  platform: Platform,
  startedAt: number,
  exchange: Omit<AccessEntry, 'time' | 'duration'>,
): void => {
  const time = Date.now();
  platform.logs.writeAccess({ ...exchange, time, duration: performance.now() - startedAt });
};

/**
 * Serves a request and logs it when its response is made, because the end of the body can't be seen
 * from here; a WebSocket is logged when it is closed.
 */
export const serveWeb = async (
  fetch: Fetch,
  request: Request,
  platform: Platform,
): Promise<Response> => {
  // No named functions here: wrangler lets esbuild keep names, by a call for each function in each request.
  const startedAt = performance.now();
  const { headers, method, url } = request;
  const { host, pathname, search } = new URL(url);
  const name: RequestName = {
    id: platform.id,
    method,
    uri: pathname + search,
    traceId: traceIdOf(headers.get('traceparent')),
  };
  const context = new RequestContext(platform, name);
  const isHead = method === 'HEAD';
  const refusal =
    isCostlyToDecode(url) || isCostlyToDecode(headers.get('Cookie') ?? '')
      ? 'too many malformed percent-escapes'
      : '';
  const response = await (refusal
    ? prepared(badRequest(), isHead)
    : respond(
        fetch,
        request,
        {
          // Never fires: these platforms don't tell the app that they stop. Made when it is asked for: one for
          // all requests is refused by workerd before 1.20260825, and one for each takes a few microseconds.
          get shutdown() {
            return new AbortController().signal;
          },
          ...platform.bindings,
        },
        context,
        (response) => prepared(platform.prepare?.(response) ?? response, isHead),
      ));
  const { status } = response;
  name.id = response.headers.get('X-Request-Id') ?? name.id;
  const { errors } = context;
  if (status >= 500) {
    for (const error of errors) context.tell(error);
    if (errors.size === 0 && !context.hasLoggedError)
      platform.logs.writeError('WARN', unseen(status), name);
  }
  const [error] = errors;
  const bytesIn = Number(headers.get('Content-Length'));
  const length = response.headers.get('Content-Length');
  const exchange = {
    ...name,
    remoteAddress: platform.remoteAddress,
    host,
    userAgent: platform.userAgent,
    status,
    error: errors.size > 0 ? reasonOf(error) : refusal,
    bytesIn: Number.isSafeInteger(bytesIn) ? bytesIn : 0,
    // Counting the bytes takes a stream around the body: the response would lose its length, and reading
    // would go on when the client has left.
    bytesOut: response.body === null ? 0 : length === null ? null : Number(length),
  };
  context.isResponded = true;
  const { socket } = context;
  if (socket)
    socket(response).then((outcome) =>
      log(platform, startedAt, { ...exchange, ...outcome, error: exchange.error || outcome.error }),
    );
  else log(platform, startedAt, exchange);
  return response;
};
