import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { totalmem } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import type { Exchange } from '../access-log.ts';
import { BackgroundTasks } from '../background-tasks.ts';
import { watch } from '../errors.ts';
import type { Fetch } from '../respond.ts';
import { clientAddress } from './client-address.ts';
import { Connection } from './connection.ts';
import { stopListening } from './internals.ts';
import { appListener } from './listener.ts';
import { decoded, type Logs, openLogs } from './logs.ts';
import { LoggedResponse } from './response.ts';

const httpOptions = {
  headersTimeout: 10_000, // Node's 60 s only help clients that are slow on purpose
  requestTimeout: 30_000, // with its body
  connectionsCheckingInterval: 1_000, // how often Node checks these two; its default is 30 s
  keepAliveTimeout: 620_000, // the side that reuses must close first: load balancers do after 60 s (AWS) to 600 s (Google)
  requireHostHeader: false, // the listener requires it: Node's own 400 has no body and no record
  joinDuplicateHeaders: true, // makes two Host fields a malformed one
  optimizeEmptyRequests: true, // no stream events for the body of a request that has none
  ServerResponse: LoggedResponse,
};
const IDLE_MS = 500; // of a drain: it takes two to see that a connection is idle
const DROP_REPORT_MS = 1_000;
const CONNECTION_BYTES = 65_536; // a connection's share of memory, with a header of the largest size
const RESERVED_DESCRIPTORS = 32; // for everything but connections
const STALL_MS = 25_000; // between two looks at what a client has taken
const LATE_SHUTDOWN_MS = 400; // for `onShutdown` behind the deadline

const statusOf: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const fileDescriptors = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity; // not on Linux
  }
};

/** How many connections there is memory for, and file descriptors. */
const maxConnections = (): number => {
  const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
  const descriptors = Math.max(fileDescriptors() - RESERVED_DESCRIPTORS, 1);
  return Math.min(Math.floor(memory / CONNECTION_BYTES), descriptors);
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
  /** Called when a shutdown has drained the server, to close what the app has open. */
  onShutdown?: () => unknown;
}

type WithBindings<B> =
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
   * @throws what the system says, such as EADDRINUSE
   */
  listen(port: number, hostname?: string): Promise<AddressInfo>;
  /**
   * Shuts it down: stops listening, lets every exchange and what was given to `waitUntil` end, calls
   * `onShutdown` and writes the log.
   * @param deadline milliseconds after which what is left is cut off
   * @returns whether everything ended by itself
   */
  close(deadline?: number): Promise<boolean>;
}

/** How an exchange went. */
type Outcome = Pick<Exchange, 'method' | 'status' | 'error' | 'duration' | 'bytesIn' | 'bytesOut'>;

/** Resolves to whether a promise resolves within that many milliseconds. */
const within = async (milliseconds: number, promise: Promise<unknown>): Promise<boolean> => {
  if (milliseconds === Infinity) return promise.then(() => true);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
  });
  const isInTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return isInTime;
};

/** Makes the server of an app, with the logs that it writes. */
export const makeServer = (
  app: { fetch: Fetch },
  { bindings, trustProxy = 0, onShutdown }: CommonOptions & { bindings?: object },
  logs: Logs,
): AppServer => {
  watch(app);
  const connections = new Map<Duplex, Connection>();
  const tasks = new BackgroundTasks();
  const shutdown = new AbortController();
  const listener = appListener(app.fetch, { shutdown: shutdown.signal, ...bindings }, tasks);
  const tell = (error: unknown) => logs.report('ERROR', error);

  const log = ({ peer }: Connection, incoming: Partial<IncomingMessage>, outcome: Outcome) => {
    const { headers = {}, url } = incoming;
    const forwardedFor = decoded(headers['x-forwarded-for']);
    logs.write({
      time: Date.now(),
      duration: outcome.duration,
      id: decoded(headers['x-request-id']),
      remoteAddress: trustProxy ? clientAddress(peer, forwardedFor, trustProxy) : peer,
      host: decoded(headers.host),
      method: outcome.method,
      uri: decoded(url),
      userAgent: decoded(headers['user-agent']),
      status: outcome.status,
      error: outcome.error,
      bytesIn: outcome.bytesIn,
      bytesOut: outcome.bytesOut,
    });
  };

  const serveRequest = (incoming: IncomingMessage, outgoing: LoggedResponse) => {
    const connection = connections.get(incoming.socket);
    if (!connection?.begin(outgoing)) return;
    outgoing.once('close', () => {
      connection.release(outgoing);
      log(connection, incoming, outgoing);
    });
    outgoing.tell = tell;
    const { headers } = incoming;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      outgoing.countBytesIn();
    if (!server.listening) outgoing.closeAfter();
    listener(incoming, outgoing);
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
    log(connection, incoming, { method, status, error, duration: 0, bytesIn: 0, bytesOut });
  };

  let dropped = 0;
  const drop = () => {
    dropped += 1;
    if (dropped > 1) return;
    for (const connection of connections.values()) connection.closeIfIdle(); // to make room
    setTimeout(() => {
      const { maxConnections } = server;
      logs.report('WARN', `${dropped} connections refused: at most ${maxConnections} at a time`);
      dropped = 0;
    }, DROP_REPORT_MS);
  };

  const server = createHttpServer(httpOptions, serveRequest)
    .on('checkExpectation', serveRequest) // it may be ignored (RFC 9110 §10.1.1); Node's own 417 has no body
    .on('connection', (socket) => {
      connections.set(socket, new Connection(socket));
      socket.on('close', () => connections.delete(socket));
    })
    .on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
      else refuse(socket, statusOf[error.code ?? ''] ?? 400, error.message);
    })
    .on('connect', (incoming) => {
      incoming.socket.on('error', () => {}); // Node's own listener is gone
      refuse(incoming.socket, 400, 'CONNECT is for proxies', incoming);
    })
    .on('drop', drop);
  setInterval(() => {
    for (const connection of connections.values()) connection.closeIfStalled();
  }, STALL_MS).unref();
  server.maxConnections = maxConnections();
  server.maxHeadersCount = 0; // unlimited, within their size: Node would drop the last, which proxies write

  /** Stops accepting and lets every exchange end; resolves when the last connection is closed. */
  const drain = async (): Promise<void> => {
    stopListening(server);
    for (const connection of connections.values()) connection.closeAfterLatest();
    const timer = setInterval(() => {
      for (const connection of connections.values()) connection.closeIfIdle();
    }, IDLE_MS);
    await Promise.all(Array.from(connections.values(), (connection) => connection.closed()));
    clearInterval(timer);
  };

  const address = () => {
    const found = server.address();
    return typeof found === 'object' ? found : null;
  };

  return {
    address,
    listen: (port, hostname) =>
      new Promise((resolve, reject) => {
        const fail = (error: Error) => reject(error);
        server.once('error', fail);
        // Without a host: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6.
        server.listen(port, hostname, () => {
          server.off('error', fail).on('error', tell);
          resolve(server.address() as AddressInfo);
        });
      }),
    async close(deadline = Infinity) {
      shutdown.abort();
      const drained = drain();
      const hasEnded = await within(
        deadline,
        drained.then(() => tasks.settled()),
      );
      if (!hasEnded) server.closeAllConnections();
      await drained;
      const closed = Promise.resolve().then(onShutdown).catch(tell);
      await within(hasEnded ? Infinity : LATE_SHUTDOWN_MS, closed);
      await logs.flush();
      return hasEnded;
    },
  };
};

/**
 * Makes the server of an app. It does not listen yet, reads no environment and takes no signals; its
 * logs go to stdout and stderr.
 */
export const createServer = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<ServerOptions<E>>
): AppServer => makeServer(app, options ?? {}, openLogs());
