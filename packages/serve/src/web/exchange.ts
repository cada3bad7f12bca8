import type { ExecutionContext } from 'hono';
import { isCostlyToDecode } from '../app/escapes.ts';
import { type AppExchange, exchangeKey } from '../app/exchange.ts';
import { checkedResponse, errorResponse, type Fetch } from '../app/responses.ts';
import { type AccessEntry, traceIdOf } from '../log/access-record.ts';
import { type ErrorRecord, reasonOf } from '../log/error-record.ts';
import type { Logs } from '../log/options.ts';

/** How a WebSocket went. */
export type SocketOutcome = Pick<AccessEntry, 'error' | 'bytesIn' | 'bytesOut'>;

/** Takes the status of the response; if that opens the WebSocket, resolves when it is closed. */
type Socket = (status: number) => Promise<SocketOutcome> | undefined;

// Methods, and no functions with names within them: wrangler lets esbuild keep names, by a call for each
// function, in each request if it is made there.
/** A request, its response and its record. */
export class WebExchange implements AppExchange {
  readonly method: string;
  /** What the request goes on as, if it asks for a WebSocket. */
  declare socket?: Socket;
  readonly #request: Request;
  readonly #logs: Logs;
  readonly #context: ExecutionContext;
  readonly #startedAt = performance.now();
  readonly #entry: Omit<AccessEntry, 'time' | 'duration'>;
  readonly #errors = new Set<unknown>();
  #hasLeft = false; // the client, as far as the app has seen
  #hasLoggedError = false;

  /**
   * @param facts what the platform knows of the request
   * @param context the platform's own; else one that waits for the tasks
   */
  constructor(
    request: Request,
    facts: Pick<AccessEntry, 'id' | 'remoteAddress' | 'userAgent'>,
    logs: Logs,
    context: ExecutionContext,
  ) {
    const { headers, method, url } = request;
    const { host, pathname, search } = new URL(url);
    this.method = method;
    this.#request = request;
    this.#logs = logs;
    this.#context = context;
    this.#entry = {
      ...facts,
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
  async serve(fetch: Fetch, bindings: object): Promise<Response> {
    const { url, headers } = this.#request;
    const env = {
      // Never fires: these platforms don't tell the app that they stop. Made when it is asked for: one for
      // all requests is refused by workerd before 1.20260825, and one for each takes a few microseconds.
      get shutdown() {
        return new AbortController().signal;
      },
      ...bindings,
    };
    const isRefused = [url, headers.get('Cookie') ?? ''].some(isCostlyToDecode);
    if (isRefused) this.#entry.error = 'too many malformed percent-escapes';
    let response: Response;
    try {
      // The exchange takes a part of what the app does with the platform's.
      const context = new Proxy<ExecutionContext>(Object(this.#context), this);
      response = this.#prepared(
        isRefused ? errorResponse(400) : checkedResponse(await fetch(this.#request, env, context)),
      );
    } catch (thrown) {
      this.addError(thrown);
      response = this.#prepared(errorResponse(500));
    }
    this.#log(response).catch(() => {}); // the app may have replaced the console
    return response;
  }

  /** What an app finds in its execution context. */
  get(context: ExecutionContext, name: string | symbol): unknown {
    if (name === exchangeKey) return this;
    const owner = name === 'waitUntil' ? this : context;
    const value: unknown = Reflect.get(owner, name);
    return typeof value === 'function' ? value.bind(owner) : value;
  }

  /** Waits for a task, and logs its error: the platform would at most count it. */
  waitUntil(task: Promise<unknown>): void {
    this.#context.waitUntil(Promise.resolve(task).catch((error) => this.#logError(error)));
  }

  addError(error: unknown): void {
    if (this.#entry.status) this.#logError(error);
    else if (error && error === this.#request.signal.reason) this.#hasLeft = true;
    else {
      this.#entry.error ||= reasonOf(error);
      this.#errors.add(error);
    }
  }

  addLine(line: ErrorRecord, thrown: unknown): void {
    this.#hasLoggedError ||= line.level === 'ERROR';
    this.#logs.writeLine({ ...line, id: line.id || this.#entry.id }, thrown);
  }

  /** Makes a response ready to be sent; to HEAD, without its body. */
  #prepared(response: Response): Response {
    const { body, status } = response;
    if (!status || body?.locked) throw new TypeError('the response cannot be sent');
    let sent = response;
    if (body && this.method === 'HEAD') {
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
    const { headers } = sent;
    if (!/^\d+$/.test(headers.get('Content-Length') ?? '0')) headers.delete('Content-Length');
    return sent;
  }

  async #log({ body, headers, status }: Response): Promise<void> {
    const entry = this.#entry;
    const closed = this.socket?.(status);
    entry.id = headers.get('X-Request-Id') ?? entry.id;
    if (this.#hasLeft) entry.error ||= 'the client left';
    if (status >= 500) {
      for (const error of this.#errors) this.#logError(error);
      if (!entry.error && !this.#hasLoggedError)
        this.#logs.writeError('WARN', `the app responded with ${status}`, entry);
    }
    // Counting the bytes takes a stream around the body: the response would lose its length, and reading
    // would go on when the client has left.
    const length = headers.get('Content-Length');
    if (body) entry.bytesOut = length === null ? null : Number(length);
    entry.status = this.#hasLeft ? 499 : status; // as on Node, which has it of nginx
    const outcome = await closed;
    const duration = performance.now() - this.#startedAt;
    this.#logs.writeAccess({ ...entry, ...outcome, time: Date.now(), duration });
  }

  #logError(error: unknown): void {
    this.#logs.writeError('ERROR', error, this.#entry);
  }
}
