import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { BackgroundTasks } from '../app/background-tasks.ts';
import { watchOutermost } from '../app/errors.ts';
import {
  integer,
  type OptionalIfEmpty,
  type OwnBindings,
  type WithBindings,
} from '../app/options.ts';
import { type Fetch, statusTexts } from '../app/responses.ts';
import { type LogOptions, openLogs } from '../log/logs.ts';
import { KEEP_MS } from './connection.ts';
import { Connections } from './connections.ts';
import { accessEntry, asksToSwitch, Exchange, type Service } from './exchange.ts';
import { canSkipEvents, keepRest, skipEvents, stopListening } from './internals.ts';
import { appListener, endsConnection, MAX_FIELDS } from './listener.ts';
import { hasBody, watchBody } from './request.ts';

const httpOptions = {
  headersTimeout: 10_000, // Node's 60 s only help clients that are slow on purpose
  requestTimeout: 0, // the connection has a clock that gives a long body more time
  connectionsCheckingInterval: 1_000, // how often Node checks these two; its default is 30 s
  keepAliveTimeout: KEEP_MS, // the side that reuses must close first
  requireHostHeader: false, // the listener requires it: Node's own 400 has no body and no record
  joinDuplicateHeaders: true, // makes two Host fields a malformed one
  optimizeEmptyRequests: canSkipEvents, // no stream events for a request without a body, until somebody listens
};
const LATE_SHUTDOWN_MS = 400; // for `onShutdown` behind the deadline

Object.assign(statusTexts, STATUS_CODES);

const statusOf: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What the Node server adds to `c.env`: take it into your `Bindings` to use it. */
export interface NodeBindings {
  incoming: IncomingMessage;
  outgoing: ServerResponse;
  /** Fires when the shutdown begins. */
  shutdown: AbortSignal;
}

/** The options of `createServer`, but for the bindings. */
export interface CommonOptions extends LogOptions {
  /** How many proxies stand before the server, 0 to 100; 0 by default. */
  trustProxy?: number | undefined;
  /**
   * Called when a shutdown has drained the server, or at its deadline, to close what the app has open.
   * It has the time that is left, and at least 0.4 s.
   */
  onShutdown?: () => unknown;
  /**
   * Takes the `Upgrade` requests to which the app responds with 404, as Node's own event 'upgrade' does:
   * for socket.io, a WebSocketServer of ws, or a development server.
   */
  onUpgrade?: (incoming: IncomingMessage, socket: Duplex, head: Buffer) => unknown;
}

type AnyOptions = CommonOptions & { bindings?: object };

/** The options of `createServer`. */
export type ServerOptions<E extends Env> = CommonOptions &
  WithBindings<OwnBindings<E, NodeBindings>>;

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Resolves to whether a promise resolves within that many milliseconds. */
const within = async (milliseconds: number, promise: Promise<unknown>): Promise<boolean> => {
  const ended = new AbortController();
  const late = sleep(Math.min(milliseconds, MAX_TIMER_MS), false, ended);
  late.catch(() => {}); // it is aborted
  return Promise.race([promise.then(() => true), late]).finally(() => ended.abort());
};

/** A server that serves one app. */
export class AppServer {
  readonly #server: Server;
  readonly #connections: Connections;
  readonly #service: Service;
  readonly #begin: (exchange: Exchange) => void;
  readonly #tasks = new BackgroundTasks();
  readonly #shutdown = new AbortController();
  readonly #onShutdown: (() => unknown) | undefined;
  readonly #listening = Promise.withResolvers<AddressInfo>();
  #starting: Promise<unknown> | undefined;
  #draining: Promise<boolean> | undefined;
  #closing: Promise<boolean> | undefined;

  constructor(
    app: { fetch: Fetch },
    { bindings, trustProxy = 0, onShutdown, onUpgrade, ...logOptions }: AnyOptions,
  ) {
    this.#service = { logs: openLogs(logOptions), trustProxy, onUpgrade };
    this.#onShutdown = onShutdown;
    this.#listening.promise.catch(() => {}); // for those who don't ask
    this.#begin = appListener(app.fetch, {
      bindings: { shutdown: this.#shutdown.signal, ...bindings },
      tasks: this.#tasks,
      trustProxy,
    });
    this.#connections = new Connections(
      (socket) => this.#refuse(socket, 408, 'the request took too long'),
      (line) => this.#service.logs.writeError('WARN', line),
    );
    const serve = (incoming: IncomingMessage, outgoing: ServerResponse) =>
      this.#serve(incoming, outgoing);
    this.#server = createHttpServer(httpOptions, serve)
      .on('checkExpectation', serve) // it may be ignored (RFC 9110 §10.1.1); Node's own 417 has no body
      .on('connection', (socket) => this.#connections.add(socket))
      .on('clientError', (error: NodeJS.ErrnoException, socket) => {
        if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
        else this.#refuse(socket, statusOf[error.code ?? ''] ?? 400, error.message);
      })
      .on('connect', (incoming) => {
        incoming.socket.on('error', () => {}); // Node's own listener is gone
        this.#refuse(incoming.socket, 400, 'CONNECT is for proxies', incoming);
      });
    this.#server.maxHeadersCount = MAX_FIELDS + 1; // Node drops what is beyond; the listener refuses it
  }

  /** Where it listens; rejects if it can't. */
  get listening(): Promise<AddressInfo> {
    return this.#listening.promise;
  }

  /** Where it listens; null if it does not. */
  address(): AddressInfo | null {
    const found = this.#server.address();
    return typeof found === 'object' ? found : null;
  }

  /**
   * Begins to listen.
   * @param port 0 takes any free one
   * @param hostname all interfaces, if it is left out
   * @throws what the system says, such as EADDRINUSE; an error if the server was closed
   */
  async listen(port: number, hostname?: string): Promise<AddressInfo> {
    if (this.#draining) throw new Error('the server was closed');
    this.#server.off('error', this.#onError); // while it begins, an error is the caller's
    try {
      // Without a host: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6.
      this.#server.listen(port, hostname);
      this.#starting = once(this.#server, 'listening');
      await this.#starting;
      const address = this.#server.address() as AddressInfo;
      this.#listening.resolve(address);
      return address;
    } catch (error) {
      this.#listening.reject(error);
      throw error;
    } finally {
      this.#starting = undefined;
      this.#server.on('error', this.#onError);
    }
  }

  /**
   * Stops listening, and lets every exchange and what was given to `waitUntil` end.
   * @param deadline milliseconds after which what is left is cut off
   * @param idleMs milliseconds for which a connection without a request is left open: a proxy may have sent one already
   * @returns whether everything ended by itself
   */
  drain(deadline = Infinity, idleMs = 0): Promise<boolean> {
    if (!(deadline >= 0)) throw new RangeError(`deadline=${deadline}: must not be negative`);
    this.#draining ??= this.#drain(deadline, idleMs);
    return this.#draining;
  }

  /**
   * Shuts it down: drains it, calls `onShutdown` and writes the log. Called again, it resolves as the
   * first time.
   * @param deadline milliseconds after which what is left is cut off
   * @returns whether everything ended by itself, and `onShutdown` did not fail
   */
  async close(deadline = Infinity): Promise<boolean> {
    const end = performance.now() + deadline;
    const hasDrained = await this.drain(deadline);
    this.#closing ??= this.#closeApp(Math.max(end - performance.now(), LATE_SHUTDOWN_MS));
    const hasClosed = await this.#closing;
    await this.#service.logs.flush();
    return hasDrained && hasClosed;
  }

  readonly #onError = (error: unknown): void => {
    this.#service.logs.writeError('ERROR', error);
  };

  #serve(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const connection = this.#connections.get(incoming.socket);
    if (!connection) return;
    const exchange = new Exchange(incoming, outgoing, connection, this.#service);
    if (hasBody(incoming)) watchBody(exchange);
    else skipEvents(incoming);
    if (asksToSwitch(incoming, this.#service)) exchange.keepsRest = keepRest(incoming.socket);
    if (!this.#server.listening) exchange.goAway(true);
    else if (connection.isOld || endsConnection(incoming)) exchange.closeAfter();
    if (connection.take(exchange, this.#begin)) return;
    // Until all that are refused in this turn are closed, their headers would add up.
    incoming.rawHeaders.fill('');
    incoming.headers = {};
  }

  /** Responds to what never becomes a request to the app, and closes the connection. */
  async #refuse(
    socket: Duplex,
    status: number,
    error: string,
    incoming: Partial<IncomingMessage> = {},
  ): Promise<void> {
    const connection = this.#connections.get(socket);
    if (!connection || (status === 408 && !(await connection.isStillLate()))) return;
    const bytesOut = await connection.endWith(status, error);
    if (bytesOut === undefined) return;
    const { method = '' } = incoming;
    const outcome = { id: '', method, status, error, duration: 0, bytesIn: 0, bytesOut };
    this.#service.logs.writeAccess(accessEntry(connection, incoming, this.#service, outcome));
  }

  async #drain(deadline: number, idleMs: number): Promise<boolean> {
    this.#shutdown.abort();
    if (this.#starting) await Promise.allSettled([this.#starting]);
    stopListening(this.#server);
    const drained = this.#connections.drain(idleMs);
    const hasDrained = await within(
      deadline,
      drained.then(() => this.#tasks.settled()),
    );
    if (!hasDrained) this.#connections.cut('the shutdown cut it off');
    await drained;
    return hasDrained;
  }

  /** Calls `onShutdown`; resolves to whether it has ended well. */
  async #closeApp(milliseconds: number): Promise<boolean> {
    try {
      if (await within(milliseconds, Promise.resolve().then(this.#onShutdown))) return true;
      this.#onError('onShutdown had not ended by the deadline');
    } catch (error) {
      this.#onError(error);
    }
    return false;
  }
}

/** Makes the server of an app, whatever its bindings are. */
export const makeServer = (app: { fetch: Fetch }, options: AnyOptions = {}): AppServer => {
  if (typeof Object(app).get !== 'function' || typeof Object(app).fetch !== 'function')
    throw new TypeError(
      'the first argument must be the app itself, as in serve(app, { port: 3000 })',
    );
  integer('trustProxy', options.trustProxy ?? 0, 100);
  watchOutermost(app);
  return new AppServer(app, options);
};

/**
 * Makes the server of an app. It does not listen yet, reads no environment and takes no signals; its
 * logs go to stdout and stderr unless an option says otherwise.
 * @throws a TypeError if the app is none, a RangeError if an option is out of range
 */
export const createServer = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<ServerOptions<E>>
): AppServer => makeServer(app, options);
