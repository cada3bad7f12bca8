import {
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
  STATUS_CODES,
} from 'node:http';
import { errorReply } from '../app/responses.ts';
import { reasonOf, unseen } from '../log/error-record.ts';
import { forgetRemoved, isAbort } from './internals.ts';
import type { EventfulRequest } from './request.ts';

const byteLength = (chunk: unknown, encoding?: unknown): number => {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding as BufferEncoding);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
};

/** Calls back, as Node does, what waits for something to be written that is dropped. */
const drop = (...given: unknown[]): void => {
  const callback = given.find((value) => typeof value === 'function');
  if (callback) process.nextTick(callback, new Error('the connection is closed'));
};

/** The fields that belong to the connection (RFC 9110 §7.6.1), and the one that is always set. */
const serverFields =
  /^(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|x-content-type-options)$/i;

/** Whether the app may not set a field. The lengths are a fast path. */
const isServerField = (name: string): boolean => {
  switch (name.length) {
    case 2:
    case 7:
    case 10:
    case 16:
    case 17:
    case 22:
      return serverFields.test(name);
    default:
      return false;
  }
};

/** What is told of a failed upgrade whose error was not seen: @hono/node-server's own responds with 500. */
const unseenUpgrade = (status: number): string =>
  `the response to an upgrade has status ${status}, and no error was seen: upgradeWebSocket must be that of @edge-ping/serve/websocket`;

const isLength = (name: string): boolean => name.length === 14 && /^content-length$/i.test(name);

/** What Node takes as headers: an object, a list of pairs, or names and values in turn. */
type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[] | [string, OutgoingHttpHeader][];

/** Makes an object of headers; what a list has twice keeps both values. */
const headersObject = (headers: Headers): OutgoingHttpHeaders => {
  if (!Array.isArray(headers)) return headers;
  const flat = headers.flat();
  const object: OutgoingHttpHeaders = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    const value = flat[i + 1] as OutgoingHttpHeader;
    const given = object[name];
    object[name] = given === undefined ? value : [given, value].flat().map(String);
  }
  return object;
};

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

const none: readonly unknown[] = [];
const always = (_bytes: number): boolean => true;

/** A ServerResponse that keeps what the access log needs, and that can respond in the app's place. */
export class LoggedResponse extends ServerResponse<EventfulRequest> {
  override strictContentLength = true; // a length that is not the body's would break the next response
  /** The method that the client sent: the app is asked with GET for a HEAD. */
  readonly method = this.req.method ?? '';
  /** Tells an error of this exchange. */
  tell: ((error: unknown, exchange: LoggedResponse) => void) | undefined;
  /** Called when the header is out. */
  onHeader: (() => void) | undefined;
  /**
   * Called with the header's lines if the app's response is to switch protocols: sends them, and takes
   * the connection over. Returns nothing if it has responded in another way, or the client has left.
   */
  takeOver: ((lines: string[]) => Upgraded | undefined) | undefined;
  /** What the connection has become. */
  upgraded: Upgraded | undefined;
  /** The response's X-Request-Id. */
  id = '';
  /** Whether there is memory for further bytes that wait for the client or the app. */
  hasRoom = always;
  /** The message of the first thing that went wrong; empty if nothing has. */
  error = '';
  /** Bytes of the request's body. */
  bytesIn = 0;
  /** Whether the connection ends after it. */
  isLast = false;
  readonly #startedAt = performance.now();
  #errors: readonly unknown[] = none; // not told yet
  #latestError: unknown;
  #bytesOut = 0; // handed to the socket
  #bytesTaken = 0; // by the kernel, of a body that has a length and is written in pieces
  #length = Infinity; // of the body, as the header has it
  #hasFailed = false;
  #isSwitching = false; // to another protocol, or has switched
  #isGoingAway = false; // the server ends
  #isHeaderOut = false;
  #isSent = false;
  #isAborted = false; // the app has seen that the client left
  /** Whether the app has made its response, or failed to. */
  isSettled = false;
  #onSettled: ((response: LoggedResponse) => void) | undefined;

  constructor(incoming: EventfulRequest, options?: object) {
    // @ts-expect-error Node passes the options of the server on, which its types don't know
    super(incoming, options);
    this.on('finish', () => {
      this.#isSent = !this.req.socket.destroyed; // Node before 25 calls a response finished that was cut
    });
  }

  /** The status that was sent; nginx's 499 if the client left before that. */
  get status(): number {
    return this.#isHeaderOut ? this.statusCode : 499;
  }

  /** Whether all of it was sent. A client may leave as soon as it has as much as the length says. */
  get isComplete(): boolean {
    const length = this.method === 'HEAD' ? 0 : this.#length;
    return this.#isSent || (this.#isHeaderOut && this.#bytesTaken >= length);
  }

  /** Bytes that it holds in memory: what is not read of the request's body, or what it has become. */
  get held(): number {
    return this.req.readableLength + (this.upgraded?.held ?? 0);
  }

  /** The bytes of the body that were handed to the socket. */
  get bytesOut(): number {
    const { statusCode } = this;
    return this.method === 'HEAD' || statusCode === 204 || statusCode === 304 ? 0 : this.#bytesOut;
  }

  /** Milliseconds since the request's header was read. */
  get duration(): number {
    return performance.now() - this.#startedAt;
  }

  /** Lets the connection end after this response, unless its header is out already. */
  closeAfter(): void {
    this.isLast ||= !this.headersSent;
  }

  /** Takes note that the server ends: so does the connection, after this response. */
  goAway(): void {
    this.#isGoingAway = true;
    this.closeAfter();
    this.upgraded?.goAway();
  }

  /**
   * Switches protocols with the header fields of the app's response, as soon as the responses before
   * it are sent. It is then settled by `endUpgrade`.
   */
  switchProtocols(headers: Iterable<[string, string]>): void {
    const fields = headersObject([...Object.entries(this.getHeaders()), ...headers] as Headers);
    for (const [name, value = ''] of Object.entries(fields)) {
      this.removeHeader(name);
      // The handshake's own are what is taken over with.
      if (this.#keeps(101, name, value) && !/^sec-websocket-/i.test(name))
        this.setHeader(name, value);
    }
    this.setHeader('X-Content-Type-Options', 'nosniff');
    this.#isSwitching = true;
    if (this.socket) this.#switch();
    else this.once('socket', () => this.#switch());
  }

  /** Takes note that what the connection has become has ended, and whether as it should. */
  endUpgrade(isComplete: boolean): void {
    this.#isSent = isComplete;
    this.settle();
  }

  /** Counts bytes that were sent by what the connection has become. */
  addBytesOut(bytes: number): void {
    this.#bytesOut += bytes;
  }

  /** Takes note that the app has made its response, or failed to. */
  settle(): void {
    this.isSettled = true;
    this.#onSettled?.(this);
  }

  /** Calls back once the app has made its response or failed. */
  onSettled(callback: (response: LoggedResponse) => void): void {
    this.#onSettled = callback;
  }

  /**
   * Takes what the app threw. It is told with a status of 500 or more, or if it comes after the
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
    if (this.headersSent || this.destroyed) this.tell?.(thrown, this);
    else this.#errors = [...this.#errors, thrown];
  }

  /** Responds in the app's place, or cuts the connection if a response is under way. */
  fail(status: number, error: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.error ||= error;
    if (this.headersSent || !this.req.socket.writable) {
      if (!this.headersSent) this.#tellAll(status); // nobody is there to get a response
      this.req.socket.destroy();
      return;
    }
    for (const name of this.getHeaderNames()) this.removeHeader(name);
    forgetRemoved(this);
    this.statusMessage = '';
    const { headers, body } = errorReply(STATUS_CODES[status] ?? '');
    const length = Buffer.byteLength(body);
    this.#sendHeader(status, { ...headers, 'Content-Length': String(length) });
    this.#bytesOut = length;
    super.end(body);
  }

  /** Takes what the app threw, and responds with 500 or cuts the response that is under way. */
  failWith(thrown: unknown): void {
    this.addError(thrown);
    this.fail(500, '');
  }

  /** Whether nobody is there to get a response. */
  get #isOver(): boolean {
    return this.#hasFailed || !this.req.socket.writable;
  }

  /** Whether what the app still writes is dropped. */
  get #isDropping(): boolean {
    return this.#isOver || this.#isSwitching;
  }

  // What Node refuses to send is the app's fault, like anything that it throws.
  override writeHead(status: number, reason?: unknown, headers?: unknown): this {
    if (this.#hasFailed || this.#isSwitching) return this;
    if (this.headersSent && this.error) {
      // The app has responded by itself and then failed, which is told: there is no second response.
      this.fail(500, '');
      return this;
    }
    try {
      if (!(status >= 200 && status <= 599)) throw new RangeError(`status ${status} is not final`);
      if (typeof reason === 'string') this.statusMessage = reason;
      this.#sendHeader(status, Object(typeof reason === 'string' ? headers : reason));
    } catch (thrown) {
      this.failWith(thrown);
    }
    return this;
  }

  // The header first: where it fails, Node would go on to write the body.
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (!this.headersSent) this.writeHead(this.statusCode);
    if (this.#isDropping || !this.#take(chunk, encoding)) {
      drop(encoding, callback);
      return false;
    }
    try {
      if (this.#length === Infinity)
        return super.write(chunk, encoding as BufferEncoding, callback as () => void);
      const bytes = byteLength(chunk, encoding);
      const [given, done] =
        typeof encoding === 'function' ? [undefined, encoding] : [encoding, callback];
      return super.write(chunk, given as BufferEncoding, (error) => {
        if (!error) this.#bytesTaken += bytes;
        if (typeof done === 'function') done(error);
      });
    } catch (thrown) {
      this.failWith(thrown);
      return false;
    }
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (!this.headersSent && !this.#isSwitching) {
      if (this.statusCode !== 304 && !this.hasHeader('Content-Length'))
        this.setHeader('Content-Length', byteLength(chunk, encoding));
      this.writeHead(this.statusCode);
    }
    if (this.#isDropping || !this.#take(chunk, encoding)) {
      drop(chunk, encoding, callback);
      return this;
    }
    try {
      // Where the length is right, Node then writes the header and the body at once.
      if (this.#length === Infinity || this.#bytesOut === this.#length)
        this.strictContentLength = false;
      super.end(chunk, encoding as BufferEncoding, callback as () => void);
    } catch (thrown) {
      this.failWith(thrown);
    }
    return this;
  }

  override destroy(error?: Error): this {
    super.destroy(error);
    // Before Node 25, a response that is queued behind another emits nothing.
    if (!this.socket) process.nextTick(() => this.closed || this.emit('close'));
    return this;
  }

  /** Counts a part of the body. Without memory for it, the connection is cut. */
  #take(chunk: unknown, encoding: unknown): boolean {
    const { length } = Object(chunk); // of a string, byteLength would first make one piece
    if (length > 0 && !this.hasRoom(length)) {
      this.fail(503, 'there is no memory left for what waits for clients');
      return false;
    }
    this.#bytesOut += byteLength(chunk, encoding);
    return true;
  }

  #switch(): void {
    const lines = this.getHeaderNames().flatMap((name) =>
      [this.getHeader(name)].flat().map((value) => `${name}: ${value}`),
    );
    this.#isSwitching = false; // `takeOver` may respond
    this.upgraded = this.takeOver?.(lines);
    if (!this.upgraded) {
      this.settle();
      return;
    }
    this.#isSwitching = true;
    super.writeHead(101); // is not sent: it lets Node and this class know that the header is out
    this.#isHeaderOut = true;
    this.upgraded.open();
    if (this.#isGoingAway) this.upgraded.goAway();
  }

  #sendHeader(status: number, headers: Headers): void {
    for (const name of this.getHeaderNames())
      if (!this.#keeps(status, name, this.getHeader(name))) {
        this.removeHeader(name);
        forgetRemoved(this);
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
    if (this.isLast) this.shouldKeepAlive = false;
    super.writeHead(status, fields);
    this.#isHeaderOut = this.req.socket.writable;
    if (status >= 500) this.#tellAll(status);
    this.onHeader?.();
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
    } else if (name.length === 12 && /^x-request-id$/i.test(name)) this.id = String(value);
    return true;
  }

  #tellAll(status: number): void {
    // The server's own refusals have their reason in the record.
    if (this.#errors.length === 0 && !this.error && !this.#isAborted)
      this.tell?.(this.req.headers.upgrade ? unseenUpgrade(status) : unseen(status), this);
    for (const error of this.#errors) this.tell?.(error, this);
    this.#errors = none;
  }
}

/** The property of an execution context that has the response, whatever a middleware makes of `c.env`. */
export const outgoingOf = Symbol('outgoingOf');

/** An execution context that has the response. */
export interface OutgoingOwner {
  readonly [outgoingOf]: LoggedResponse;
}
