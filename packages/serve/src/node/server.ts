import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { BackgroundTasks } from '../app/background-tasks.ts';
import { watchOutermost } from '../app/errors.ts';
import type { Fetch } from '../app/respond.ts';
import type { Exchange } from '../log/access-record.ts';
import { decoded, type Logs, openLogs } from '../log/logs.ts';
import { traceIdOf } from '../log/trace-id.ts';
import { clientAddress } from './client-address.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { stopListening } from './internals.ts';
import { appListener, endsConnection, MAX_FIELDS } from './listener.ts';
import { EventfulRequest } from './request.ts';
import { RequestBody } from './request-body.ts';
import { LoggedResponse } from './response.ts';
import { integer } from './settings.ts';

const httpOptions = {
  headersTimeout: 10_000, // Node's 60 s only help clients that are slow on purpose
  requestTimeout: 0, // the connection has a clock that gives a long body more time
  connectionsCheckingInterval: 1_000, // how often Node checks these two; its default is 30 s
  keepAliveTimeout: 620_000, // the side that reuses must close first: load balancers do after 60 s (AWS) to 600 s (Google)
  requireHostHeader: false, // the listener requires it: Node's own 400 has no body and no record
  joinDuplicateHeaders: true, // makes two Host fields a malformed one
  optimizeEmptyRequests: true, // no stream events for the body of a request that has none, but for who listens
  IncomingMessage: EventfulRequest,
  ServerResponse: LoggedResponse,
};
const HANDLER_MS = 30_000; // for a handler whose client has left, until its record is written
const MAX_WAITING_RECORDS = 500; // of such records: each may have 16 kB
const LATE_SHUTDOWN_MS = 400; // for `onShutdown` behind the deadline

const statusOf: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

/** What the Node server adds to `c.env`: take it into your `Bindings` to use it. */
export interface NodeBindings {
  incoming: IncomingMessage;
  outgoing: LoggedResponse;
  /** Fires when the shutdown begins. */
  shutdown: AbortSignal;
}

/** The bindings that an app declares and the server does not have by itself. */
export type OwnBindings<E extends Env> = E extends { Bindings: infer B extends object }
  ? Omit<B, keyof NodeBindings>
  : Record<never, never>;

/** The options that everything takes which serves an app on Node. */
export interface CommonOptions {
  /** How many proxies stand before the server, 0 to 100; 0 by default. */
  trustProxy?: number;
  /**
   * Called when a shutdown has drained the server, or at its deadline, to close what the app has open.
   * It has the time that is left, and at least 0.4 s.
   */
  onShutdown?: () => unknown;
}

/** The option that hands an app what it declares as its bindings. */
export type WithBindings<B> =
  Record<never, never> extends B
    ? { /** What the app finds in `c.env`. */ bindings?: B }
    : { /** What the app finds in `c.env`. */ bindings: B };

/** The options of `createServer`. */
export type ServerOptions<E extends Env> = CommonOptions & WithBindings<OwnBindings<E>>;

/** Options may be left out if the app declares no bindings that it must have. */
export type OptionalIfEmpty<Options> =
  Record<never, never> extends Options ? [options?: Options] : [options: Options];

/** A server that serves one app. */
export interface AppServer {
  /** Where it listens; null if it does not. */
  address(): AddressInfo | null;
  /**
   * Begins to listen.
   * @param port 0 takes any free one
   * @param hostname all interfaces, if it is left out
   * @throws what the system says, such as EADDRINUSE; an error if the server was closed
   */
  listen(port: number, hostname?: string): Promise<AddressInfo>;
  /**
   * Shuts it down: stops listening, lets every exchange and what was given to `waitUntil` end, calls
   * `onShutdown` and writes the log. Called again, it resolves as the first time.
   * @param deadline milliseconds after which what is left is cut off
   * @returns whether everything ended by itself, and `onShutdown` did not fail
   */
  close(deadline?: number): Promise<boolean>;
}

/** How an exchange went. */
type Outcome = Pick<
  Exchange,
  'id' | 'method' | 'status' | 'error' | 'duration' | 'bytesIn' | 'bytesOut'
>;

/** How a response ended. */
type Ending = Pick<LoggedResponse, 'error' | 'isComplete'>;

/** Resolves to whether a promise resolves within that many milliseconds. */
const within = async (milliseconds: number, promise: Promise<unknown>): Promise<boolean> => {
  if (milliseconds === Infinity) return promise.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
};

/** Makes the server of an app, with the logs that it writes. */
export const makeServer = (
  app: { fetch: Fetch },
  { bindings, trustProxy = 0, onShutdown }: CommonOptions & { bindings?: object },
  logs: Logs,
): AppServer => {
  watchOutermost(app);
  const tasks = new BackgroundTasks();
  const shutdown = new AbortController();
  const listener = appListener(app.fetch, {
    bindings: { shutdown: shutdown.signal, ...bindings },
    tasks,
    trustProxy,
    say: logs.say,
  });
  const report = (error: unknown) => logs.report('ERROR', error);
  const tell = (error: unknown, { id, method, req }: LoggedResponse) =>
    logs.report('ERROR', error, {
      id: id || decoded(req.headers['x-request-id']),
      method,
      uri: decoded(req.url),
      traceId: traceIdOf(req.headers.traceparent),
    });

  const exchangeOf = (
    { peer }: Connection,
    incoming: Partial<IncomingMessage>,
    outcome: Outcome,
  ): Exchange => {
    const { headers = {}, url } = incoming;
    const forwardedFor = decoded(headers['x-forwarded-for']);
    return {
      time: Date.now(),
      duration: outcome.duration,
      id: outcome.id || decoded(headers['x-request-id']),
      remoteAddress: trustProxy ? clientAddress(peer, forwardedFor, trustProxy) : peer,
      host: decoded(headers.host),
      method: outcome.method,
      uri: decoded(url),
      userAgent: decoded(headers['user-agent']),
      status: outcome.status,
      error: outcome.error,
      bytesIn: outcome.bytesIn,
      bytesOut: outcome.bytesOut,
      traceId: traceIdOf(headers.traceparent),
    };
  };

  /**
   * Calls back when the handler of a closed response has ended, or has had time to. What waits must not
   * hold the response, and with it the header of its request.
   */
  const waitForHandler = (outgoing: LoggedResponse, write: (ending: Ending) => void) => {
    const { error, isComplete } = outgoing;
    const writeOnce = (ending: Ending = { error, isComplete }) => {
      clearTimeout(timer);
      if (logs.waiting.delete(writeOnce)) write(ending);
    };
    const timer = setTimeout(writeOnce, HANDLER_MS).unref();
    logs.waiting.add(writeOnce);
    outgoing.onSettled(writeOnce);
    const [oldest] = logs.waiting;
    if (logs.waiting.size > MAX_WAITING_RECORDS) oldest?.();
  };

  /** Logs an exchange when the handler has ended, too: it may still fail, and its error is in the record. */
  const log = (connection: Connection, incoming: IncomingMessage, outgoing: LoggedResponse) => {
    const exchange = exchangeOf(connection, incoming, outgoing);
    const reason = connection.cutBecause || 'the client left';
    const write = ({ error, isComplete }: Ending) => {
      exchange.error = error || (isComplete ? '' : reason);
      logs.write(exchange);
    };
    if (outgoing.isSettled) write(outgoing);
    else waitForHandler(outgoing, write);
  };

  const serveRequest = (incoming: EventfulRequest, outgoing: LoggedResponse) => {
    const connection = connections.get(incoming.socket);
    if (!connection?.accept(outgoing)) {
      // Until all that are refused in this turn are closed, their headers would add up.
      incoming.rawHeaders.fill('');
      incoming.headers = {};
      return;
    }
    connections.begin(connection);
    outgoing.on('close', () => {
      if (connection.release(outgoing)) log(connection, incoming, outgoing);
    });
    outgoing.tell = tell;
    const { headers } = incoming;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      incoming.chunkTaker = new RequestBody(incoming, outgoing);
    if (!server.listening) outgoing.goAway();
    else if (connection.isOld || endsConnection(incoming)) outgoing.closeAfter();
    connection.inTurn(outgoing, () => listener(incoming, outgoing));
  };

  /** Responds to what never becomes a request to the app, and closes the connection. */
  const refuse = async (
    socket: Duplex,
    status: number,
    error: string,
    incoming: Partial<IncomingMessage> = {},
  ) => {
    const connection = connections.get(socket);
    const bytesOut = await connection?.endWith(status, error);
    if (!connection || bytesOut === undefined) return;
    const { method = '' } = incoming;
    const outcome = { id: '', method, status, error, duration: 0, bytesIn: 0, bytesOut };
    logs.write(exchangeOf(connection, incoming, outcome));
  };

  const connections = new Connections(
    (socket) => refuse(socket, 408, 'the request took too long'),
    (line) => logs.report('WARN', line),
  );
  const server = createHttpServer(httpOptions, serveRequest)
    .on('checkExpectation', serveRequest) // it may be ignored (RFC 9110 §10.1.1); Node's own 417 has no body
    .on('connection', (socket) => connections.add(socket))
    .on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else refuse(socket, statusOf[error.code ?? ''] ?? 400, error.message);
    })
    .on('connect', (incoming) => {
      incoming.socket.on('error', () => {}); // Node's own listener is gone
      refuse(incoming.socket, 400, 'CONNECT is for proxies', incoming);
    });
  server.maxHeadersCount = MAX_FIELDS + 1; // Node drops what is beyond; the listener refuses it

  const address = () => {
    const found = server.address();
    return typeof found === 'object' ? found : null;
  };

  const listen = async (port: number, hostname?: string): Promise<AddressInfo> => {
    server.off('error', report); // while it begins, an error is the caller's
    try {
      // Without a host: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6.
      server.listen(port, hostname);
      await once(server, 'listening');
      return server.address() as AddressInfo;
    } finally {
      server.on('error', report);
    }
  };

  /** Calls `onShutdown`; resolves to whether it has ended well. */
  const closeApp = async (milliseconds: number): Promise<boolean> => {
    try {
      if (await within(milliseconds, Promise.resolve().then(onShutdown))) return true;
      report('onShutdown had not ended by the deadline');
    } catch (error) {
      report(error);
    }
    return false;
  };

  let starting: Promise<AddressInfo> | undefined;
  let closing: Promise<boolean> | undefined;

  const close = async (deadline: number): Promise<boolean> => {
    const end = performance.now() + deadline;
    shutdown.abort();
    if (starting) await Promise.allSettled([starting]);
    stopListening(server);
    const drained = connections.drain();
    const hasDrained = await within(
      end - performance.now(),
      drained.then(() => tasks.settled()),
    );
    if (!hasDrained) connections.cut('the shutdown cut it off');
    await drained;
    const hasClosed = await closeApp(Math.max(end - performance.now(), LATE_SHUTDOWN_MS));
    await logs.flush();
    return hasDrained && hasClosed;
  };

  return {
    address,
    async listen(port, hostname) {
      if (closing) throw new Error('the server was closed');
      starting = listen(port, hostname);
      try {
        return await starting;
      } finally {
        starting = undefined;
      }
    },
    close(deadline = Infinity) {
      closing ??= close(deadline);
      return closing;
    },
  };
};

/**
 * Makes the server of an app. It does not listen yet, reads no environment and takes no signals; its
 * logs go to stdout and stderr.
 * @throws a RangeError if an option is out of range
 */
export const createServer = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<ServerOptions<E>>
): AppServer => {
  integer('trustProxy', options?.trustProxy ?? 0, 100);
  return makeServer(app, options ?? {}, openLogs());
};
