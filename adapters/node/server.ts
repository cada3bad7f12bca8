import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { Server as NetServer } from 'node:net';
import { totalmem } from 'node:os';
import type { Duplex } from 'node:stream';
import { Connection } from './connection.ts';
import { appListener } from './listener.ts';
import type { NodeExchange } from './record.ts';
import { LoggedResponse, type Outcome } from './response.ts';

const options = {
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

/**
 * Makes the HTTP server of the app, not listening yet, and the function that drains it.
 * @param log takes each exchange, once it has ended
 * @param report takes what a handler threw, and warnings
 */
export const makeServer = (
  log: (exchange: NodeExchange) => void,
  report: (level: 'WARN' | 'ERROR', cause: unknown) => void,
) => {
  const connections = new Map<Duplex, Connection>();
  const listener = appListener((error) => report('ERROR', error));

  const logExchange = (
    connection: Connection,
    incoming: Partial<IncomingMessage>,
    outcome: Outcome,
  ) =>
    log({
      time: Date.now(),
      peer: connection.peer,
      headers: incoming.headers ?? {},
      method: incoming.method ?? '',
      url: incoming.url ?? '',
      outcome,
    });

  const serve = (incoming: IncomingMessage, outgoing: LoggedResponse) => {
    const connection = connections.get(incoming.socket);
    if (!connection?.begin(outgoing)) return;
    outgoing.once('close', () => {
      connection.release(outgoing);
      logExchange(connection, incoming, outgoing.outcome);
    });
    const { headers } = incoming;
    if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined)
      outgoing.countBytesIn();
    if (!server.listening) outgoing.closeAfter();
    listener(incoming, outgoing);
  };

  /** Responds to what never becomes a request to the app, and closes the connection. */
  const refuse = async (socket: Duplex, status: number, error: string, incoming = {}) => {
    const connection = connections.get(socket);
    const outcome = await connection?.endWith(status, error);
    if (connection && outcome) logExchange(connection, incoming, outcome);
  };

  let dropped = 0;
  const drop = () => {
    dropped += 1;
    if (dropped > 1) return;
    for (const connection of connections.values()) connection.closeIfIdle(); // to make room
    setTimeout(() => {
      report('WARN', `${dropped} connections refused: at most ${server.maxConnections} at a time`);
      dropped = 0;
    }, DROP_REPORT_MS);
  };

  const server = createServer(options, serve)
    .on('checkExpectation', serve) // it may be ignored (RFC 9110 §10.1.1); Node's own 417 has no body
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
    // Not http's own close(): it cuts idle connections at once, which a proxy may just be reusing,
    // and stops the clock of the timeouts.
    NetServer.prototype.close.call(server);
    for (const connection of connections.values()) connection.closeAfterLatest();
    setInterval(() => {
      for (const connection of connections.values()) connection.closeIfIdle();
    }, IDLE_MS);
    await Promise.all(Array.from(connections.values(), (connection) => connection.closed()));
  };

  return { server, drain };
};
