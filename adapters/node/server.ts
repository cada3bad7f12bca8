import { createServer, type IncomingMessage, STATUS_CODES } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type AccessRecord, accessRecord } from '../../src/access-log.ts';
import { app, errorAnswer } from '../../src/app.ts';
import { type Connection, closeAfterAnswer, discardInput, linger } from './connection.ts';
import { Exchange } from './exchange.ts';
import { clientAddress } from './settings.ts';

const limits = {
  headersTimeout: 10_000, // no client needs Node's 60 s for a header, but one that means ill does
  requestTimeout: 30_000, // with its body
  connectionsCheckingInterval: 1_000, // else Node looks for the two every 30 s
  keepAliveTimeout: 620_000, // longer than a load balancer's (AWS 60 s, Google 600 s): the side that reuses must close first
  maxHeaderSize: 16_384, // bytes; Node's own, and room for what proxies pass on (nginx: 8 kB a field)
  // RFC 9112 §3.2 is kept below: Node's own 400 would have neither body nor record.
  requireHostHeader: false,
  // Makes two Host fields one malformed one, which @hono/node-server refuses.
  joinDuplicateHeaders: true,
};

const IDLE_MS = 1_000;

// @hono/node-server looks closer, but not where the target has a host of its own.
const wellFormedHost = /^[^\s,/?#@\\]+$/;

const refusal = (status: number) => errorAnswer(status, STATUS_CODES[status] ?? '');

const refusedStatus = (code: string | undefined): number => {
  if (code === 'HPE_HEADER_OVERFLOW') return 431;
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
};

/** Clients send UTF-8 in header fields; Node reads Latin-1. */
const decode = (text: string): string =>
  /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString() : text;

/** What the server is made with. */
export interface ServerOptions {
  /** How many proxies stand before the server. */
  trustProxy: number;
  /** Takes the record of each exchange, once it has ended. */
  log: (record: AccessRecord) => void;
  /** Takes what a handler threw. */
  reportError: (error: Error) => void;
}

/**
 * Makes the HTTP server of the app, not listening yet, and the function that drains it: it stops
 * accepting, lets every exchange end and resolves when the last connection is closed.
 */
export const makeServer = ({ trustProxy, log, reportError }: ServerOptions) => {
  const connections = new Map<Duplex, Connection>();
  let onDrained: (() => void) | undefined;

  const record = (
    peer: string,
    incoming: IncomingMessage | undefined,
    outcome: { status: number; error: string; duration: number; bytesOut: number },
  ) => {
    const { method = '', url = '', headers = {} } = incoming ?? {};
    const field = (name: string) => decode(String(headers[name] ?? ''));
    log(
      accessRecord({
        time: Date.now(),
        id: field('x-request-id'),
        remoteAddress: clientAddress(peer, field('x-forwarded-for'), trustProxy),
        host: field('host'),
        method,
        uri: decode(url),
        userAgent: field('user-agent'),
        contentLength: headers['content-length'],
        ...outcome,
      }),
    );
  };

  const listener = getRequestListener(
    (request, { outgoing }) =>
      app.fetch(request, {
        reportError(error) {
          if (outgoing instanceof Exchange) outgoing.error = error.message;
          reportError(error);
        },
      }),
    {
      hostname: 'localhost', // for HTTP/1.0, see below
      errorHandler(error) {
        const refused = error instanceof RequestError;
        if (!refused) reportError(error instanceof Error ? error : new Error(String(error)));
        const answer = refusal(refused ? 400 : 500);
        return new Response(answer.body, answer);
      },
    },
  );

  const serve = (incoming: IncomingMessage, outgoing: Exchange) => {
    const connection = connections.get(incoming.socket);
    if (!connection || connection.ending) return;
    connection.latest = outgoing;
    outgoing.on('close', () =>
      record(connection.peer, incoming, {
        // 499: nginx's code for a client that left before it had the answer.
        status: outgoing.writableFinished ? outgoing.statusCode : 499,
        error: outgoing.error,
        duration: performance.now() - outgoing.startedAt,
        bytesOut: outgoing.bytesOut,
      }),
    );
    if (onDrained) closeAfterAnswer(connection);
    // HTTP/1.1 must have a Host; HTTP/1.0 need not, and HAProxy's plain check hasn't (honojs/node-server#160).
    const { host } = incoming.headers;
    if (host ? wellFormedHost.test(host) : incoming.httpVersion === '1.0') {
      listener(incoming, outgoing);
    } else {
      const { status, headers, body } = refusal(400);
      outgoing.writeHead(status, headers).end(body);
    }
  };

  /** Answers what never becomes a request to the app, after the answers that are due, and hangs up. */
  const refuse = (socket: Duplex, status: number, error: string, incoming?: IncomingMessage) => {
    const connection = connections.get(socket);
    if (!connection || connection.ending) return;
    connection.ending = true;
    const { peer, latest } = connection;
    discardInput(connection.socket);
    const answer = () => {
      // What is malformed or late may also be the rest of a request that has had its answer.
      if (connection.socket.writable && latest?.req.complete !== false) {
        const { headers, body } = refusal(status);
        const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
        socket.write(
          `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${fields.join('')}Connection: close\r\n\r\n${body}`,
        );
        const bytesOut = Buffer.byteLength(body);
        record(peer, incoming, { status, error, duration: 0, bytesOut });
      }
      linger(connection.socket);
    };
    if (!latest || latest.closed) answer();
    // By then every handler has answered but one that may be waiting for the body which went wrong.
    else
      setImmediate(() => {
        if (!latest.req.complete && !latest.headersSent) socket.destroy();
        else if (latest.closed) answer();
        else latest.once('close', answer);
      });
  };

  const server = createServer<typeof IncomingMessage, typeof Exchange>(
    { ...limits, ServerResponse: Exchange },
    serve,
  )
    // An expectation that is not 100-continue may be ignored (RFC 9110 §10.1.1); Node's 417 has no body.
    .on('checkExpectation', serve)
    .on('connection', (socket) => {
      connections.set(socket, { socket, peer: socket.remoteAddress ?? '', ending: false });
      socket.on('close', () => {
        connections.delete(socket);
        if (connections.size === 0) onDrained?.();
      });
      socket.destroySoon = () => linger(socket); // what Node calls after the last answer
    })
    .on('clientError', (error: NodeJS.ErrnoException, socket) => {
      if (error.code === 'ECONNRESET') socket.destroy();
      else refuse(socket, refusedStatus(error.code), error.message);
    })
    .on('connect', (incoming) => {
      incoming.socket.on('error', () => {}); // Node's own listener is gone
      refuse(incoming.socket, 400, 'CONNECT is for proxies', incoming);
    });

  const drain = (): Promise<void> =>
    new Promise((resolve) => {
      onDrained = resolve; // by the last socket: its exchange's record is made first
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
