import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import { messageOf, unseen } from '../error-log.ts';
import { errorReply } from '../responses.ts';
import { joinSmallChunks } from './small-chunks.ts';

const byteLength = (chunk: unknown): number =>
  typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.byteLength(chunk) : 0;

/** The app may not set these (Hono's streamSSE sets Connection). The length check is a fast path. */
const isServerField = (name: string): boolean =>
  (name.length === 10 || name.length === 22) && /^(connection|x-content-type-options)$/i.test(name);

/** A ServerResponse that keeps what the access log needs, and that can respond in the app's place. */
export class LoggedResponse extends ServerResponse<IncomingMessage> {
  override strictContentLength = true; // a length that is not the body's would break the next response
  /** The method that the client sent: the app is asked with GET for a HEAD. */
  readonly method = this.req.method ?? '';
  /** Tells an error of this exchange. */
  tell: ((error: unknown) => void) | undefined;
  /** The message of the first thing that went wrong; empty if nothing has. */
  error = '';
  /** Bytes of the request's body. */
  bytesIn = 0;
  /** Whether the connection ends after it. */
  isLast = false;
  readonly #startedAt = performance.now();
  #errors: unknown[] = []; // not told yet
  #latestError: unknown;
  #bytesOut = 0; // handed to the socket
  #hasFailed = false; // what the app still writes is dropped
  #isSent = false;
  #isCut = false;

  constructor(incoming: IncomingMessage, options?: object) {
    // @ts-expect-error Node passes the options of the server on, which its types don't know
    super(incoming, options);
    this.once('finish', () => {
      this.#isSent = !this.req.socket.destroyed; // Node before 25 calls a response finished that was cut
    });
  }

  /** Counts the bytes of the request's body as they come. */
  readBody(): void {
    const { req } = this;
    const push = joinSmallChunks(req.push.bind(req));
    req.push = (chunk) => {
      this.bytesIn += byteLength(chunk);
      return push(chunk);
    };
  }

  /** What the access log has for a status: nginx's 499 for a client that left. */
  get status(): number {
    return this.#isSent || this.#isCut ? this.statusCode : 499;
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

  /** Takes what the app threw. It is told with a status of 500 or more, or if it comes after the header. */
  addError(thrown: unknown): void {
    if (this.error && thrown === this.#latestError) return;
    this.#latestError = thrown;
    this.error ||= messageOf(thrown);
    if (this.headersSent) this.#tell(thrown);
    else this.#errors.push(thrown);
  }

  /** Responds in the app's place, or cuts the connection if a response is under way. */
  fail(status: number, error: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.error ||= error;
    if (this.headersSent) {
      this.#isCut = !this.destroyed;
      this.req.socket.destroy();
      return;
    }
    for (const name of this.getHeaderNames()) this.removeHeader(name);
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

  // What Node refuses to send is the app's fault, like anything that it throws.
  override writeHead(status: number, reason?: unknown, headers?: unknown): this {
    if (this.#hasFailed) return this;
    try {
      if (!(status >= 200 && status <= 599)) throw new RangeError(`status ${status} is not final`);
      this.#sendHeader(status, Object(typeof reason === 'string' ? headers : reason));
    } catch (thrown) {
      this.failWith(thrown);
    }
    return this;
  }

  // The header first: where it fails, Node would go on to write the body.
  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    if (!this.headersSent) this.writeHead(this.statusCode);
    if (this.#hasFailed) return false;
    try {
      this.#bytesOut += byteLength(chunk);
      return super.write(chunk, encoding as BufferEncoding, callback as () => void);
    } catch (thrown) {
      this.failWith(thrown);
      return false;
    }
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    if (!this.headersSent) this.writeHead(this.statusCode);
    if (this.#hasFailed) return this;
    try {
      this.#bytesOut += byteLength(chunk);
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

  #sendHeader(status: number, headers: Record<string, string>): void {
    const fields: Record<string, string> = { 'X-Content-Type-Options': 'nosniff' };
    for (const name in headers) if (!isServerField(name)) fields[name] = headers[name] ?? '';
    if (this.isLast) this.shouldKeepAlive = false;
    super.writeHead(status, fields);
    if (status >= 500) this.#tellAll(status);
  }

  #tellAll(status: number): void {
    // The server's own refusals have their reason in the record.
    if (this.#errors.length === 0 && !this.error) this.#tell(unseen(status));
    for (const error of this.#errors) this.#tell(error);
    this.#errors = [];
  }

  #tell(error: unknown): void {
    if (!this.destroyed) this.tell?.(error); // of a client that has left, the record alone says it
  }
}
