import type { ExecutionContext } from 'hono';
import { type ErrorTaker, takeError } from '../app/errors.ts';
import { isCostlyToDecode } from '../app/escapes.ts';
import { bodiless } from '../app/head.ts';
import { type LineTaker, takeLine } from '../app/log.ts';
import { checkedResponse, errorResponse, type Fetch } from '../app/responses.ts';
import type { AccessEntry } from '../log/access-record.ts';
import { type ErrorRecord, reasonOf, unseen } from '../log/error-record.ts';
import type { Logs } from '../log/options.ts';
import { traceIdOf } from '../log/trace-id.ts';

/** What a platform that speaks `Request` and `Response` has for an exchange. */
export interface Platform {
  bindings: object;
  /** The platform's own; else one that waits for the tasks. */
  executionCtx: ExecutionContext;
  /** What it knows of the request. */
  facts: Pick<AccessEntry, 'id' | 'remoteAddress' | 'userAgent'>;
  logs: Logs;
}

/** The property of an execution context that is set to what the request goes on as: a WebSocket. */
export const socketKey = Symbol();

/** How a WebSocket went. */
export type SocketOutcome = Pick<AccessEntry, 'error' | 'bytesIn' | 'bytesOut'>;

/** Takes the status of the response; if that opens the WebSocket, resolves when it is closed. */
type Socket = (status: number) => Promise<SocketOutcome> | undefined;

/** The execution context of a request that may become a WebSocket. */
export interface SocketOwner {
  [socketKey]?: Socket;
}

/** Errors of bodies whose clients have left, and of nothing else. */
export const losses = new WeakSet<object>();

/** Shows an app, as its execution context, what the platform has, but for what the exchange takes. */
const shown: ProxyHandler<WebExchange> = {
  get(exchange, name) {
    const isOwn = name === 'waitUntil' || (typeof name === 'symbol' && name in exchange);
    const owner = isOwn ? exchange : exchange.platform.executionCtx;
    const value: unknown = Reflect.get(owner, name);
    return typeof value === 'function' ? value.bind(owner) : value;
  },
  has: (exchange, name) => name in exchange.platform.executionCtx,
};

// Methods, and no functions with names within them: wrangler lets esbuild keep names, by a call for each
// function, in each request if it is made there.
/** A request, its response and its record. */
export class WebExchange implements ExecutionContext, ErrorTaker, LineTaker, SocketOwner {
  declare readonly props: ExecutionContext['props'];
  declare [socketKey]?: Socket;
  declare readonly passThroughOnException: ExecutionContext['passThroughOnException'];
  readonly platform: Platform;
  readonly #request: Request;
  readonly #startedAt = performance.now();
  readonly #entry: Omit<AccessEntry, 'time' | 'duration'>;
  readonly #errors = new Set<unknown>();
  #hasLeft = false; // the client, as far as the app has seen
  #hasLoggedError = false;

  constructor(request: Request, platform: Platform) {
    const { headers, method, url } = request;
    const { host, pathname, search } = new URL(url);
    this.platform = platform;
    this.#request = request;
    this.#entry = {
      ...platform.facts,
      host,
      method,
      uri: pathname + search,
      status: 0, // until the response is made
      error: '',
      bytesIn: Number(headers.get('Content-Length')) || 0,
      bytesOut: 0,
      traceId: traceIdOf(headers.get('traceparent')),
    };
  }

  /**
   * Serves the request and logs it when its response is made, because the end of the body can't be seen
   * from here; a WebSocket is logged when it is closed.
   */
  async serve(fetch: Fetch): Promise<Response> {
    const { method, url, headers } = this.#request;
    let response: Response;
    try {
      const context = new Proxy(this, shown);
      if (method === 'HEAD') bodiless.add(context);
      if (isCostlyToDecode(url) || isCostlyToDecode(headers.get('Cookie') ?? '')) {
        this.#entry.error = 'too many malformed percent-escapes';
        response = errorResponse(400);
      } else {
        const env = {
          // Never fires: these platforms don't tell the app that they stop. Made when it is asked for: one for
          // all requests is refused by workerd before 1.20260825, and one for each takes a few microseconds.
          get shutdown() {
            return new AbortController().signal;
          },
          ...this.platform.bindings,
        };
        response = checkedResponse(await fetch(this.#request, env, context));
      }
      response = this.#prepared(response);
    } catch (thrown) {
      this[takeError](thrown);
      response = this.#prepared(errorResponse(500));
    }
    try {
      this.#log(response);
    } catch {} // the app may have replaced the console
    return response;
  }

  /** Waits for a task, and logs its error: the platform would at most count it. */
  waitUntil(task: Promise<unknown>): void {
    this.platform.executionCtx.waitUntil(
      Promise.resolve(task).catch((error) => this.#logError(error)),
    );
  }

  [takeError](error: unknown): void {
    const { signal } = this.#request;
    if (this.#entry.status) this.#logError(error);
    else if (losses.has(Object(error)) || (signal.aborted && error === signal.reason))
      this.#hasLeft = true;
    else this.#errors.add(error);
  }

  [takeLine](line: ErrorRecord, thrown: unknown): void {
    this.#hasLoggedError ||= line.level === 'ERROR';
    this.platform.logs.writeLine({ ...line, id: line.id || this.#entry.id }, thrown);
  }

  /** Makes a response ready to be sent; to HEAD, without its body. */
  #prepared(response: Response): Response {
    const { body, status } = response;
    if (status === 0) throw new RangeError('Response.error() cannot be sent');
    if (body?.locked) throw new TypeError('the response is in use');
    let sent = response;
    if (body && this.#entry.method === 'HEAD') {
      body.cancel().catch(() => {}); // else an endless one would go on
      sent = new Response(null, response);
    }
    try {
      sent.headers.set('X-Content-Type-Options', 'nosniff');
    } catch {
      // The headers of a response that `fetch` or `Response.redirect` made are immutable.
      sent = new Response(sent.body, sent);
      sent.headers.set('X-Content-Type-Options', 'nosniff');
    }
    const length = sent.headers.get('Content-Length');
    if (length !== null && !/^\d+$/.test(length)) sent.headers.delete('Content-Length');
    return sent;
  }

  #log({ body, headers, status }: Response): void {
    const { logs } = this.platform;
    const entry = this.#entry;
    const closed = this[socketKey]?.(status);
    entry.id = headers.get('X-Request-Id') ?? entry.id;
    for (const error of this.#errors) {
      entry.error ||= reasonOf(error);
      if (status >= 500) this.#logError(error);
    }
    if (this.#hasLeft) entry.error ||= 'the client left';
    if (status >= 500 && !entry.error && !this.#hasLoggedError)
      logs.writeError('WARN', unseen(status), entry);
    // Counting the bytes takes a stream around the body: the response would lose its length, and reading
    // would go on when the client has left.
    const length = headers.get('Content-Length');
    if (body) entry.bytesOut = length === null ? null : Number(length);
    entry.status = this.#hasLeft ? 499 : status; // as on Node, which has it of nginx
    Promise.resolve(closed).then((outcome) => {
      const duration = performance.now() - this.#startedAt;
      logs.writeAccess({ ...entry, ...outcome, time: Date.now(), duration });
    });
  }

  #logError(error: unknown): void {
    this.platform.logs.writeError('ERROR', error, this.#entry);
  }
}
