import { AsyncResource } from 'node:async_hooks';
import type {
  IncomingHttpHeaders,
  IncomingMessage,
  OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import type { AppExchange } from '../app/exchange.ts';
import { errorReply } from '../app/responses.ts';
import { type AccessEntry, traceIdOf } from '../log/access-record.ts';
import { type ErrorRecord, reasonOf } from '../log/error-record.ts';
import type { Logs } from '../log/logs.ts';
import type { Connection } from './connection.ts';
import { forgetRemoved, isAbort } from './internals.ts';
import { memory, NO_MEMORY } from './memory.ts';
import { clientAddress, hasBody } from './request.ts';
import {
  byteLength,
  drop,
  type Headers,
  headersObject,
  isLength,
  isServerField,
  native,
  onFirstWrite,
  track,
} from './response.ts';

/** What a connection has become behind its last request: a WebSocket. */
export interface Upgraded {
  /** About how many bytes it holds in memory, beside what the socket has. */
  readonly held: number;
  /** Tells the app that it is open. */
  open(): void;
  /** Looks at its clock; called each second. */
  checkTime(now: number): void;
  /** Lets it end, because the server does. */
  goAway(): void;
}

/** What all exchanges of a server share. */
export interface Service {
  logs: Logs;
  trustProxy: number;
  /** Takes what asks for another protocol and the app does not answer. */
  onUpgrade: ((incoming: IncomingMessage, socket: Socket, head: Buffer) => unknown) | undefined;
}

/** Clients send UTF-8 in header fields; Node reads Latin-1. */
const decoded = (text: IncomingHttpHeaders[string]): string => {
  if (typeof text !== 'string') return '';
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString() : text;
};

/** The host that a request is for: a target in absolute form decides, whatever Host says (RFC 9112 §3.2.2). */
const hostOf = (url = '/', host: string | undefined): string =>
  (url.startsWith('/') ? undefined : URL.parse(url)?.host) || decoded(host);

/** Makes what the access log has of a request, which may be no valid one, and of its response. */
export const accessEntry = (
  { peer }: Connection,
  { headers = {}, url }: Partial<IncomingMessage>,
  { trustProxy }: Service,
  outcome: Pick<
    AccessEntry,
    'id' | 'method' | 'status' | 'error' | 'duration' | 'bytesIn' | 'bytesOut'
  >,
): AccessEntry => ({
  time: Date.now(),
  duration: outcome.duration,
  id: outcome.id || decoded(headers['x-request-id']),
  remoteAddress: trustProxy
    ? clientAddress(peer, decoded(headers['x-forwarded-for']), trustProxy)
    : peer,
  host: hostOf(url, headers.host),
  method: outcome.method,
  uri: decoded(url),
  userAgent: decoded(headers['user-agent']),
  status: outcome.status,
  error: outcome.error,
  bytesIn: outcome.bytesIn,
  bytesOut: outcome.bytesOut,
  traceId: traceIdOf(headers.traceparent),
});

/** Whether a request may be the last of HTTP on its connection. */
export const asksToSwitch = (incoming: IncomingMessage, { onUpgrade }: Service): boolean => {
  const { upgrade } = incoming.headers;
  if (upgrade === undefined || hasBody(incoming)) return false;
  return onUpgrade !== undefined || (incoming.method === 'GET' && /^websocket$/i.test(upgrade));
};

const MAX_LEFT_BYTES = 65_536; // of a body, that are waited for behind its response

const CODER_BYTES = 270_000; // that zlib takes for a stream
const MAX_TAKEN = memory / 128; // of a body: most that are larger go through the app as a stream; joined, it takes as much again

const none: readonly unknown[] = [];

/** A request and its response: how far they are, what has gone wrong, and what the logs have of them. */
export class Exchange implements AppExchange {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
  readonly connection: Connection;
  readonly service: Service;
  /** The method that the client sent. */
  readonly method: string;
  /** When the request's header was read, by `performance.now()`. */
  readonly startedAt = performance.now();
  /** Its async context, while it waits for its turn. */
  waiting: AsyncResource | undefined;
  /** About how many bytes the request takes in memory. */
  requestBytes = 0;
  /** Bytes of the request's body. */
  bytesIn = 0;
  /** The response's X-Request-Id. */
  id = '';
  /** The message of the first thing that went wrong; empty if nothing has. */
  error = '';
  /** Whether the connection ends after it. */
  isLast = false;
  /** Ends the body that is being sent, and its source. */
  endBody: (() => void) | undefined;
  /** Whether what comes behind the request's header is left on the socket, for another protocol. */
  keepsRest = false;
  /**
   * Switches protocols with the header's lines if the app's response is to do so. Returns nothing if it
   * has responded in another way, or the client has left.
   */
  takeOver: ((lines: string[]) => Upgraded | undefined) | undefined;
  /** What the connection has become. */
  upgraded: Upgraded | undefined;
  #errors = none; // not logged yet
  #latestError: unknown;
  #hasLoggedError = false; // the app, by itself
  #bytesOut = 0; // handed to the socket
  #bytesTaken = 0; // by the kernel, of a body that has a length and is written in pieces
  #length = Infinity; // of the body, as the header has it
  #chunkBytes = 0; // of the largest part of it
  #isEncoded = false;
  #isEventStream = false;
  #isHeaderOut = false;
  #isSent = false;
  #hasFailed = false;
  #isSwitching = false; // to another protocol, or has switched
  #isGoingAway = false; // the server ends
  #isCutShort = false; // ended by the server while the app still writes
  #isClosed = false; // and shall have a record
  #isAborted = false; // the app has seen that the client left

  constructor(
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    connection: Connection,
    service: Service,
  ) {
    this.incoming = incoming;
    this.outgoing = outgoing;
    this.connection = connection;
    this.service = service;
    this.method = incoming.method ?? '';
    outgoing.strictContentLength = true; // a length that is not the body's would break the next response
    track(outgoing, this);
  }

  /** The status that was sent; nginx's 499 if the client left before that. */
  get status(): number {
    return this.#isHeaderOut ? this.outgoing.statusCode : 499;
  }

  /** The bytes of the body that were handed to the socket. */
  get bytesOut(): number {
    const { statusCode } = this.outgoing;
    return this.method === 'HEAD' || statusCode === 204 || statusCode === 304 ? 0 : this.#bytesOut;
  }

  /** Milliseconds since the request's header was read. */
  get duration(): number {
    return performance.now() - this.startedAt;
  }

  /** Bytes that it holds in memory: what is not read of the request's body, or what it has become. */
  get held(): number {
    return this.incoming.readableLength + (this.upgraded?.held ?? 0);
  }

  /**
   * About how many bytes the app holds for it: what it has read of the request's body until it responds,
   * then what is on its way through the streams of the response.
   */
  get taken(): number {
    const { outgoing, incoming } = this;
    if (outgoing.writableEnded) return 0;
    const inStreams = 2 * this.#chunkBytes + (this.#isEncoded ? CODER_BYTES : 0);
    if (outgoing.headersSent) return inStreams;
    return inStreams + 2 * Math.min(this.bytesIn - incoming.readableLength, MAX_TAKEN);
  }

  /** Whether the end of the connection is what tells the client that the body ends. */
  get endsWithConnection(): boolean {
    const { headersSent, chunkedEncoding } = this.outgoing;
    return headersSent && !chunkedEncoding && this.#length === Infinity && !this.#isSent;
  }

  /** Whether all of it was sent. A client may leave as soon as it has as much as the length says. */
  get #isComplete(): boolean {
    const length = this.method === 'HEAD' ? 0 : this.#length;
    return this.#isSent || (this.#isHeaderOut && this.#bytesTaken >= length);
  }

  /** Whether nobody is there to get a response. */
  get #isOver(): boolean {
    return this.#hasFailed || !this.incoming.socket.writable;
  }

  /** Whether what the app still writes is dropped. */
  get #isDropping(): boolean {
    return this.#isOver || this.#isSwitching || this.#isCutShort;
  }

  /** How much of the request's body has not come yet. */
  get #bodyLeft(): number {
    if (this.incoming.complete || !hasBody(this.incoming)) return 0;
    return Number(this.incoming.headers['content-length'] ?? Infinity) - this.bytesIn;
  }

  get #hasBegun(): boolean {
    return this.outgoing.headersSent || this.upgraded !== undefined;
  }

  /** Lets the connection end after this response, unless its header is out already. */
  closeAfter(): void {
    this.isLast ||= !this.outgoing.headersSent;
  }

  /**
   * Takes note that the server ends.
   * @param isLatest whether the connection ends after this response
   */
  goAway(isLatest: boolean): void {
    this.#isGoingAway = true;
    if (isLatest) this.closeAfter();
    this.upgraded?.goAway();
    this.#endEvents();
  }

  /** Takes note that the response has left, or with its connection is gone. */
  finish(): void {
    this.#isSent = !this.incoming.socket.destroyed; // Node before 25 calls a response finished that was cut
  }

  /** Takes note that the response is closed: the connection goes on. */
  close(): void {
    this.#isClosed = this.connection.release(this);
    if (!this.upgraded) this.#writeRecord();
  }

  /**
   * Switches protocols with the header fields of the app's response, as soon as the responses before
   * it are sent. `endUpgrade` then ends it.
   */
  switchProtocols(headers: Iterable<[string, string]>): void {
    const { outgoing } = this;
    const fields = headersObject([...Object.entries(outgoing.getHeaders()), ...headers] as Headers);
    const lines = ['X-Content-Type-Options: nosniff'];
    // The handshake's own are what is taken over with.
    for (const [name, value = ''] of Object.entries(fields))
      if (this.#keeps(101, name, value) && !/^sec-websocket-/i.test(name))
        lines.push(...[value].flat().map((each) => `${name}: ${each}`));
    this.#isSwitching = true;
    if (outgoing.socket) this.#switch(lines);
    else
      outgoing.once(
        'socket',
        AsyncResource.bind(() => this.#switch(lines)),
      );
  }

  /**
   * Hands the connection of an Upgrade request to `onUpgrade`, which writes its response by itself.
   * @returns whether there is one
   */
  handOver(): boolean {
    const { onUpgrade } = this.service;
    if (!onUpgrade || !this.keepsRest) return false;
    const { socket } = this.incoming;
    const { bytesRead, bytesWritten } = socket;
    onFirstWrite(socket, (text) => {
      this.outgoing.statusCode = Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 101);
    });
    socket.once('close', () => {
      this.#isHeaderOut = socket.bytesWritten > bytesWritten;
      this.bytesIn = socket.bytesRead - bytesRead;
      this.addBytesOut(socket.bytesWritten - bytesWritten);
      this.endUpgrade(true);
    });
    this.takeOver = () => ({
      held: 0,
      open: () => onUpgrade(this.incoming, socket, Buffer.alloc(0)),
      checkTime() {},
      goAway: () => socket.end(),
    });
    this.switchProtocols([]);
    return true;
  }

  /** Takes note that what the connection has become has ended, and whether as it should. */
  endUpgrade(isComplete: boolean): void {
    this.#isSent = isComplete;
    this.#writeRecord();
  }

  /** Counts bytes that were sent by what the connection has become. */
  addBytesOut(bytes: number): void {
    this.#bytesOut += bytes;
  }

  /** Writes an error of it to the error log. */
  logError(thrown: unknown, level: ErrorRecord['level'] = 'ERROR'): void {
    const { headers, url } = this.incoming;
    this.service.logs.writeError(level, thrown, {
      id: this.id || decoded(headers['x-request-id']),
      method: this.method,
      uri: decoded(url),
      traceId: traceIdOf(headers.traceparent),
    });
  }

  /**
   * Takes what the app threw. It is logged with a status of 500 or more, or if it comes after the
   * header; the end of what the client has left by itself is not.
   */
  addError(thrown: unknown): void {
    if (this.error && thrown === this.#latestError) return;
    if (this.#isOver && isAbort(thrown)) {
      this.#isAborted = true;
      return;
    }
    this.#latestError = thrown;
    this.error ||= reasonOf(thrown);
    if (this.#hasBegun || this.outgoing.destroyed) this.logError(thrown);
    else this.#errors = [...this.#errors, thrown];
  }

  addLine(line: ErrorRecord, thrown: unknown): void {
    this.#hasLoggedError ||= line.level === 'ERROR';
    this.service.logs.writeLine(line, thrown);
  }

  /** Responds in the app's place, or cuts the connection if a response is under way. */
  fail(status: number, error: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.error ||= error;
    this.endBody?.();
    const { outgoing } = this;
    if (this.#hasBegun || !this.incoming.socket.writable) {
      if (!this.#hasBegun) this.#logErrors(status); // nobody is there to get a response
      this.connection.cut();
      return;
    }
    for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name);
    forgetRemoved(outgoing);
    outgoing.statusMessage = '';
    const { headers, body } = errorReply(status);
    this.#sendHeader(status, headers);
    this.#bytesOut = body.length;
    native.end.call(outgoing, body);
  }

  /** Takes what the app threw, and responds with 500 or cuts the response that is under way. */
  failWith(thrown: unknown): void {
    this.addError(thrown);
    this.fail(500, '');
  }

  // What Node refuses to send is the app's fault, like anything that it throws.
  writeHead(status: number, reason: unknown, headers: unknown): void {
    if (this.#hasFailed || this.#isSwitching) return;
    if (this.outgoing.headersSent && this.error) {
      // The app has responded by itself and then failed, which is logged: there is no second response.
      this.fail(500, '');
      return;
    }
    try {
      if (!(status >= 200 && status <= 599)) throw new RangeError(`status ${status} is not final`);
      if (typeof reason === 'string') this.outgoing.statusMessage = reason;
      this.#sendHeader(status, Object(typeof reason === 'string' ? headers : reason));
    } catch (thrown) {
      this.failWith(thrown);
    }
  }

  // The header first: where it fails, Node would go on to write the body.
  write(chunk: unknown, encoding: unknown, callback: unknown): boolean {
    const { outgoing } = this;
    if (!outgoing.headersSent) outgoing.writeHead(outgoing.statusCode);
    if (this.#isDropping || !this.#take(chunk, encoding)) {
      drop(encoding, callback);
      return false;
    }
    try {
      if (this.#length === Infinity) return native.write.call(outgoing, chunk, encoding, callback);
      const bytes = byteLength(chunk, encoding);
      const [given, done] =
        typeof encoding === 'function' ? [undefined, encoding] : [encoding, callback];
      return native.write.call(outgoing, chunk, given, (error?: unknown) => {
        if (!error) this.#bytesTaken += bytes;
        if (typeof done === 'function') done(error);
      });
    } catch (thrown) {
      this.failWith(thrown);
      return false;
    }
  }

  end(chunk: unknown, encoding: unknown, callback: unknown): void {
    const { outgoing } = this;
    if (!outgoing.headersSent && !this.#isSwitching) {
      if (outgoing.statusCode !== 304 && !outgoing.hasHeader('Content-Length'))
        outgoing.setHeader('Content-Length', byteLength(chunk, encoding));
      outgoing.writeHead(outgoing.statusCode);
    }
    if (this.#isDropping || !this.#take(chunk, encoding)) {
      drop(chunk, encoding, callback);
      return;
    }
    try {
      // Where the length is right, Node then writes the header and the body at once.
      if (this.#length === Infinity || this.#bytesOut === this.#length)
        outgoing.strictContentLength = false;
      native.end.call(outgoing, chunk, encoding, callback);
    } catch (thrown) {
      this.failWith(thrown);
    }
  }

  destroy(error: unknown): void {
    const { outgoing } = this;
    if (this.endsWithConnection) this.connection.cut();
    native.destroy.call(outgoing, error);
    // Before Node 25, a response that is queued behind another emits nothing.
    if (!outgoing.socket) process.nextTick(() => outgoing.closed || outgoing.emit('close'));
  }

  /** Takes note of a part of the body that waits for the header to be sent. */
  addChunk(chunk: unknown): void {
    const bytes = byteLength(chunk);
    this.#chunkBytes = Math.max(this.#chunkBytes, bytes);
    if (!this.outgoing.headersSent && !this.connection.hasRoom(bytes)) this.fail(503, NO_MEMORY);
  }

  /** Counts a part of the body. Without memory for it, the connection is cut. */
  #take(chunk: unknown, encoding: unknown): boolean {
    const { length } = Object(chunk); // of a string, byteLength would first make one piece
    if (length > 0 && !this.connection.hasRoom(length)) {
      this.fail(503, NO_MEMORY);
      return false;
    }
    const bytes = byteLength(chunk, encoding);
    this.#bytesOut += bytes;
    this.#chunkBytes = Math.max(this.#chunkBytes, bytes);
    return true;
  }

  #switch(lines: string[]): void {
    this.#isSwitching = false; // `takeOver` may respond
    this.upgraded = this.takeOver?.(lines);
    if (!this.upgraded) return;
    this.#isSwitching = true;
    this.#isHeaderOut = true;
    this.outgoing.statusCode = 101;
    this.upgraded.open();
    if (this.#isGoingAway) this.upgraded.goAway();
  }

  #sendHeader(status: number, headers: Headers): void {
    const { outgoing } = this;
    for (const name of outgoing.getHeaderNames())
      if (!this.#keeps(status, name, outgoing.getHeader(name))) {
        outgoing.removeHeader(name);
        forgetRemoved(outgoing);
      }
    const given = headersObject(headers);
    const fields: OutgoingHttpHeaders = { 'X-Content-Type-Options': 'nosniff' };
    let lengthName = '';
    for (const name in given) {
      const value = given[name];
      if (!this.#keeps(status, name, value)) continue;
      if (lengthName && isLength(name)) {
        // Two lengths, in two spellings, are none.
        delete fields[lengthName];
        this.#length = Infinity;
        continue;
      }
      if (isLength(name)) lengthName = name;
      fields[name] = value;
    }
    // RFC 9110 §15.5.22 and §7.8: the response names the protocols, and Connection names Upgrade.
    if (status === 426) {
      fields.Connection = 'Upgrade, close';
      this.isLast = true;
    }
    // Of a large body that is not read, the rest is not waited for.
    if (this.#bodyLeft > MAX_LEFT_BYTES) this.isLast = true;
    if (this.isLast) outgoing.shouldKeepAlive = false;
    native.writeHead.call(outgoing, status, fields);
    this.#isHeaderOut = this.incoming.socket.writable;
    if (status >= 500) this.#logErrors(status);
    if (this.method === 'HEAD') this.endBody?.();
    this.#endEvents();
  }

  /** Whether a field that the app sets is sent, and what follows from it. */
  #keeps(status: number, name: string, value: unknown): boolean {
    if (isServerField(name)) {
      if (/^connection$/i.test(name) && /\bclose\b/i.test(String(value))) this.isLast = true;
      return status === 426 && /^upgrade$/i.test(name);
    }
    if (isLength(name)) {
      if (status === 204 || status === 101 || !/^\d+$/.test(String(value))) return false;
      this.#length = Number(value);
    } else if (name.length === 16) {
      this.#isEncoded ||= /^content-encoding$/i.test(name);
    } else if (name.length === 12) {
      if (/^x-request-id$/i.test(name)) this.id = String(value);
      else if (this.method === 'GET' && /^content-type$/i.test(name))
        this.#isEventStream = /^text\/event-stream\b/i.test(String(value));
    }
    return true;
  }

  /**
   * Ends a stream of events as complete when the server ends: it has no end of its own, and its client
   * connects again (https://html.spec.whatwg.org/multipage/server-sent-events.html).
   */
  #endEvents(): void {
    if (!this.#isGoingAway || !this.#isEventStream || !this.outgoing.headersSent) return;
    // Later in this turn, so that the app can write a last event when c.env.shutdown fires.
    setImmediate(() => {
      if (this.endBody) this.endBody();
      else if (!this.outgoing.writableEnded) {
        this.outgoing.end();
        this.#isCutShort = true;
      }
    });
  }

  #writeRecord(): void {
    if (!this.#isClosed) return;
    if (!this.#isComplete) this.error ||= this.connection.cutBecause || 'the client left';
    const { connection, incoming, service } = this;
    service.logs.writeAccess(accessEntry(connection, incoming, service, this));
  }

  #logErrors(status: number): void {
    // The server's own refusals have their reason in the record.
    if (this.#errors.length === 0 && !this.error && !this.#isAborted && !this.#hasLoggedError)
      this.logError(`the app responded with ${status}`, 'WARN');
    for (const error of this.#errors) this.logError(error);
    this.#errors = none;
  }
}
