import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type AccessRecord, accessRecord } from '../../src/access-log.ts';
import { app, errorAnswer } from '../../src/app.ts';
import { Answer, type Connection, closeAfterAnswer, discardInput, linger } from './connection.ts';
import { clientAddress, unmapped } from './settings.ts';

const options = {
  headersTimeout: 10_000, // no client needs Node's 60 s for a header, but one that means ill does
  requestTimeout: 30_000, // with its body
  connectionsCheckingInterval: 1_000, // how often Node looks for the two; 30 s is its own
  keepAliveTimeout: 620_000, // the side that reuses must close first: load balancers do after 60 s (AWS) to 600 s (Google)
  maxHeaderSize: 16_384, // Node's own; proxies pass less on
  requireHostHeader: false, // serve() does: Node's own 400 would have no body and no record
  joinDuplicateHeaders: true, // makes two Host fields a malformed one
  optimizeEmptyRequests: true, // no stream events for the body of a request that has none
  ServerResponse: Answer,
};
const IDLE_MS = 1_000;

const wellFormedHost = /^[^\s,/?#@\\]+$/; // in part; @hono/node-server looks closer
const statusOf: Record<string, number> = {
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
const refusal = (status: number) => errorAnswer(status, STATUS_CODES[status] ?? '');

/** Clients send UTF-8 in header fields; Node reads Latin-1. */
const decode = (text: unknown): string => {
  if (typeof text !== 'string') return '';
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString() : text;
};

/**
 * Makes the HTTP server of the app, not listening yet, and the function that drains it.
 * @param trustProxy how many proxies stand before the server
 * @param log takes the record of each exchange, once it has ended
 * @param reportError takes what a handler threw
 */
export const makeServer = (
  trustProxy: number,
  log: (record: AccessRecord) => void,
  reportError: (error: unknown) => void,
) => {
  const connections = new Map<Duplex, Connection>();
  let onDrained: (() => void) | undefined;

  const record = (
    peer: string,
    { method = '', url, headers = {} }: Partial<IncomingMessage>,
    outcome: { status: number; error: string; duration: number; bytesOut: number },
  ) => {
    const { status, error, duration, bytesOut } = outcome; // spreading it below is measurably slower
    const field = (name: string) => decode(headers[name]);
    log(
      accessRecord({
        time: Date.now(),
        duration,
        field,
        platformId: '',
        remoteAddress: trustProxy
          ? clientAddress(peer, field('x-forwarded-for'), trustProxy)
          : peer,
        host: field('host'),
        method,
        uri: decode(url),
        status,
        error,
        bytesOut,
      }),
    );
  };

  const listener = getRequestListener(
    (request, { outgoing }) =>
      app.fetch(request, {
        reportError(error) {
          if (outgoing instanceof Answer) outgoing.error = error.message;
          reportError(error);
        },
      }),
    {
      hostname: 'localhost', // for HTTP/1.0, see below
      // Of requests that are none, and of what Hono lets through: a throw that is no Error.
      errorHandler(error) {
        const refused = error instanceof RequestError;
        if (!refused) reportError(error);
        const answer = refusal(refused ? 400 : 500);
        return new Response(answer.body, answer);
      },
    },
  );

  const serve = (incoming: IncomingMessage, outgoing: Answer) => {
    const connection = connections.get(incoming.socket);
    if (!connection || connection.ending) return;
    connection.latest = outgoing;
    outgoing.on('close', () => {
      // Kept, it outlives the collector's young generation: a third more memory under load.
      if (connection.latest === outgoing && incoming.complete) connection.latest = undefined;
      record(connection.peer, incoming, {
        status: outgoing.writableFinished ? outgoing.statusCode : 499, // nginx's, for a client that left
        error: outgoing.error,
        duration: performance.now() - outgoing.startedAt,
        bytesOut: outgoing.bytesOut,
      });
    });
    if (onDrained) closeAfterAnswer(connection);
    // RFC 9112 §3.2; HTTP/1.0 may lack Host, and HAProxy's plain check does (honojs/node-server#160).
    const { host } = incoming.headers;
    if (host ? wellFormedHost.test(host) : incoming.httpVersion === '1.0') {
      listener(incoming, outgoing);
    } else {
      const { status, headers, body } = refusal(400);
      outgoing.error = 'Host is missing or malformed';
      outgoing.writeHead(status, headers).end(body);
    }
  };

  /** Answers what never becomes a request to the app, after the answers that are due, and hangs up. */
  const refuse = (socket: Duplex, status: number, error: string, incoming = {}) => {
    const connection = connections.get(socket);
    if (!connection || connection.ending) return;
    connection.ending = true;
    discardInput(connection.socket);
    const { latest, peer } = connection;
    const answer = () => {
      // What is malformed or late may also be the rest of a request that has had its answer.
      if (socket.writable && latest?.req.complete !== false) {
        const { headers, body } = refusal(status);
        const fields = Object.entries({ ...headers, Connection: 'close' });
        const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
        socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines}\r\n${body}`);
        record(peer, incoming, { status, error, duration: 0, bytesOut: Buffer.byteLength(body) });
      }
      linger(connection.socket);
    };
    // By then every handler has answered, but one that may be waiting for the body which went wrong.
    setImmediate(() => {
      if (!latest || latest.closed) answer();
      else if (latest.req.complete || latest.headersSent) latest.once('close', answer);
      else socket.destroy();
    });
  };

  const server = createServer<typeof IncomingMessage, typeof Answer>(options, serve)
    .on('checkExpectation', serve) // it may be ignored (RFC 9110 §10.1.1); Node's own 417 has no body
    .on('connection', (socket) => {
      connections.set(socket, {
        socket,
        peer: unmapped(socket.remoteAddress ?? ''),
        latest: undefined,
        ending: false,
      });
      socket.destroySoon = () => linger(socket); // what Node calls after the last answer
      socket.on('close', () => {
        connections.delete(socket);
        if (connections.size === 0) onDrained?.();
      });
    })
    .on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET') socket.destroy();
      else refuse(socket, statusOf[error.code ?? ''] ?? 400, error.message);
    })
    .on('connect', (incoming) => {
      incoming.socket.on('error', () => {}); // Node's own listener is gone
      refuse(incoming.socket, 400, 'CONNECT is for proxies', incoming);
    });

  /** Stops accepting and lets every exchange end; resolves when the last connection is closed. */
  const drain = (): Promise<void> =>
    new Promise((resolve) => {
      onDrained = resolve;
      if (connections.size === 0) resolve();
      for (const connection of connections.values()) closeAfterAnswer(connection);
      // Not http's own close(): it cuts idle connections at once, which a proxy may just be reusing,
      // and stops the clock of the timeouts.
      NetServer.prototype.close.call(server);
      setInterval(() => {
        server.closeIdleConnections();
        // To Node, a connection on which nothing ever came is not idle.
        for (const { socket } of connections.values()) if (socket.bytesRead === 0) socket.destroy();
      }, IDLE_MS).unref();
    });

  return { server, drain };
};
