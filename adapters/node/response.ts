import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorReply } from '../../src/app.ts';
import { messageOf } from '../../src/error-log.ts';

const byteLength = (chunk: unknown): number =>
  typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.byteLength(chunk) : 0;

/** The app may not set these (Hono's streamSSE sets Connection). The length check is a fast path. */
const isServerField = (name: string): boolean =>
  (name.length === 10 || name.length === 22) && /^(connection|x-content-type-options)$/i.test(name);

/** How an exchange went. */
export interface Outcome {
  status: number;
  error: string;
  duration: number; // in milliseconds
  bytesIn: number; // of the request's body
  bytesOut: number; // of the response's
}

/** A ServerResponse that keeps what the access log needs, and that can respond in the app's place. */
export class LoggedResponse extends ServerResponse<IncomingMessage> {
  /** Takes what went wrong in the app. */
  reportError: ((error: unknown) => void) | undefined;
  override strictContentLength = true; // a length that is not the body's would break the next response
  readonly #startedAt = performance.now();
  #error = '';
  #bytesIn = 0;
  #bytesOut = 0; // handed to the socket
  /** Whether the connection ends after it. */
  isLast = false;
  #hasFailed = false; // what the app still writes is dropped
  #isSent = false;
  #isCut = false;

  /** Counts the bytes of the request's body as they come. */
  countBytesIn(): void {
    const { req } = this;
    const { push } = req;
    req.push = (chunk, encoding) => {
      this.#bytesIn += byteLength(chunk);
      return push.call(req, chunk, encoding);
    };
  }

  /** How the exchange went, once the response is closed. */
  get outcome(): Outcome {
    const hasBody =
      this.req.method !== 'HEAD' && this.statusCode !== 204 && this.statusCode !== 304;
    return {
      status: this.#isSent || this.#isCut ? this.statusCode : 499, // nginx's, for a client that left
      error: this.#error,
      duration: performance.now() - this.#startedAt,
      bytesIn: this.#bytesIn,
      bytesOut: hasBody ? this.#bytesOut : 0,
    };
  }

  /** Lets the connection end after this response, unless its header is out already. */
  closeAfter(): void {
    this.isLast ||= !this.headersSent;
  }

  /** Takes what the app threw: told once, and in the record alone if the client has left. */
  appFailed(thrown: unknown): void {
    if (this.#error) return;
    this.#error = messageOf(thrown);
    if (!this.destroyed) this.reportError?.(thrown);
  }

  /** Responds in the app's place, or cuts the connection if a response is under way. */
  fail(status: number, error: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#error ||= error;
    if (this.headersSent) {
      this.#isCut = !this.destroyed;
      this.req.socket.destroy();
      return;
    }
    for (const name of this.getHeaderNames()) this.removeHeader(name);
    this.statusMessage = '';
    const { headers, body } = errorReply(status, STATUS_CODES[status] ?? '');
    this.#sendHeader(status, headers);
    this.#bytesOut = Buffer.byteLength(body);
    super.end(body);
  }

  /** Takes what the app threw, and responds with 500 or cuts the response that is under way. */
  failWith(thrown: unknown): void {
    this.appFailed(thrown);
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

  // Called when the response is sent; before Node 25, also when the socket was destroyed under it.
  override detachSocket(socket: Socket): void {
    this.#isSent = !socket.destroyed;
    super.detachSocket(socket);
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
  }
}
