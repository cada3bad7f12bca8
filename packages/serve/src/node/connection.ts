import { once } from 'node:events';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { errorReply } from '../responses.ts';
import { unmapped } from './client-address.ts';
import { bytesTaken, onLastResponse, stopParsing } from './internals.ts';
import type { LoggedResponse } from './response.ts';

const MAX_DUE = 100; // responses; a client that pipelines more is not reading them
const LINGER_MS = 1_000;

const rawResponse = (status: number, headers: Record<string, string>, body: string): string => {
  const fields = {
    ...headers,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    Connection: 'close',
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`;
};

/** An open connection and the responses that are due on it. */
export class Connection {
  /** The address of the other side, which a destroyed socket no longer tells. */
  readonly peer: string;
  readonly #socket: Socket;
  readonly #due: LoggedResponse[] = [];
  #latest: LoggedResponse | undefined; // until it is closed and its request is complete
  #bytesRead = -1; // at the last look for idleness
  #bytesTaken = -1; // at the last look for a stall
  #isEnding = false; // no further request is served

  constructor(socket: Socket) {
    this.#socket = socket;
    this.peer = unmapped(socket.remoteAddress ?? '');
    onLastResponse(socket, () => this.#linger());
    // Before Node 25, closing the socket does not close responses that are queued behind another.
    socket.on('close', () => {
      for (const response of this.#due) response.destroy();
    });
  }

  /** Whether the response to a further request may begin. */
  begin(response: LoggedResponse): boolean {
    if (this.#due.length === MAX_DUE) {
      this.#isEnding = true;
      setImmediate().then(() => this.#socket.destroy()); // what is ready is sent first
    }
    if (this.#isEnding || this.#latest?.isLast) {
      stopParsing(this.#socket);
      return false;
    }
    this.#due.push(response);
    this.#latest = response;
    return true;
  }

  /** Takes back a response that is closed. */
  release(response: LoggedResponse): void {
    this.#due.splice(this.#due.indexOf(response), 1);
    // Kept, it would outlive the collector's young generation: a third more memory under load.
    if (this.#latest === response && response.req.complete) this.#latest = undefined;
  }

  /** Makes the latest response the connection's last, unless its header is out already. */
  closeAfterLatest(): void {
    this.#latest?.closeAfter();
  }

  /**
   * Sends one last response, to bytes that are not a valid request, after those that are due; then closes.
   * @returns the length of its body; undefined if there is nobody to send it to
   */
  async endWith(status: number, error: string): Promise<number | undefined> {
    if (this.#isEnding || this.#latest?.isLast) return undefined;
    this.#isEnding = true;
    await setImmediate(); // by now every handler that waits for nothing has responded
    const latest = this.#latest;
    if (latest && !latest.closed) {
      if (!latest.req.complete && !latest.writableEnded) {
        // In the midst of a request's body, which its handler may be waiting for.
        latest.closeAfter();
        if (!this.#socket.readableEnded) latest.fail(status, error);
        else this.#linger(); // the client has left
        return undefined;
      }
      await once(latest, 'close');
    }
    // What is malformed or late may also be the rest of a request that already has its response.
    const isSent = this.#socket.writable && latest?.req.complete !== false;
    const { headers, body } = errorReply(STATUS_CODES[status] ?? '');
    if (isSent) this.#socket.write(rawResponse(status, headers, body));
    this.#linger();
    return isSent ? Buffer.byteLength(body) : undefined;
  }

  /** Cuts the connection if its client has taken nothing of what waits for it since the last call. */
  closeIfStalled(): void {
    // Node's own time-out looks at it, too, but starts again with everything that the client sends.
    const taken = bytesTaken(this.#socket);
    if (this.#socket.writableLength > 0 && taken === this.#bytesTaken) this.#socket.destroy();
    this.#bytesTaken = taken;
  }

  /**
   * Closes the connection if nothing is due and nothing has come since the last call. Node's
   * closeIdleConnections also closes those that are sending, before 24, and none that are new.
   */
  closeIfIdle(): void {
    const { bytesRead } = this.#socket;
    if (this.#due.length === 0 && bytesRead === this.#bytesRead) this.#socket.destroy();
    this.#bytesRead = bytesRead;
  }

  /** Resolves when the connection is closed. */
  closed(): Promise<unknown> {
    return new Promise((resolve) => this.#socket.once('close', resolve));
  }

  /**
   * Closes the connection so that its last response arrives. Node would close the socket while the
   * client still sends, and the reset which that causes overtakes the response (RFC 9112 §9.6).
   */
  #linger(): void {
    const socket = this.#socket;
    // A 'data' listener detaches Node's parser.
    socket
      .removeAllListeners('data')
      .on('data', () => {})
      .resume();
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
    });
  }
}
