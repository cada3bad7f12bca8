import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { errorReply, statusTexts } from '../app/responses.ts';
import type { Exchange } from './exchange.ts';
import { bytesTaken, detachParser, onLastResponse, stopParsing } from './internals.ts';
import { MAX_QUEUED_BYTES, type Memory, NO_MEMORY, requestBytes } from './memory.ts';
import { unmapped } from './request.ts';

const MAX_DUE = 100; // responses; a client that pipelines more is not reading them
const LINGER_MS = 1_000;
const MAX_LINGER_BYTES = 262_144; // that are read and dropped meanwhile
const UNREAD_MS = 500; // for the rest of a request that has its response
const STALL_MS = 60_000; // a kernel lets a client that reads 64 kB/s take 2 MB at a time
const REQUEST_MS = 30_000; // for a request with its body,
const BODY_RATE = 500; // and a second more for so many bytes, as Apache's RequestReadTimeout has it
const READ_RATE = 64_000; // bytes a second, of a client that is no slower than it can be expected to be
const MAX_PAID_MS = 60_000;
const REQUEST_PAYS_MS = 1_000;
const PATIENCE_MS = 100; // with a client, when all connections are taken
const NEW_MS = 1_000;
/** How long a kept connection may wait for a request: load balancers keep theirs up to 600 s (Google). */
export const KEEP_MS = 620_000;
const MIN_AGE_MS = 240_000; // of a kept connection that the server ends,
const AGE_RANGE_MS = 120_000; // and by how much it varies, so that those of one moment don't end in one

const rawResponse = (status: number, headers: Record<string, string>, body: string): string => {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${statusTexts[status]}\r\n${lines.join('')}Connection: close\r\n\r\n${body}`;
};

/** An open connection and the exchanges whose responses are due on it. */
export class Connection {
  /** The address of the other side, which a destroyed socket no longer tells. */
  readonly peer: string;
  readonly socket: Socket;
  /** Why the server cut the connection, if it did. */
  cutBecause = '';
  readonly #memory: Memory;
  readonly #due: Exchange[] = [];
  #begin: (exchange: Exchange) => void = () => {};
  #latest: Exchange | undefined; // until it is closed and its request is complete
  #waitingSince = performance.now(); // for the header of a request
  readonly #endAt = this.#waitingSince + MIN_AGE_MS + Math.random() * AGE_RANGE_MS;
  #requests = 0;
  #requestBytes = 0; // of those whose responses are due
  #isEnding = false; // no further request is served
  #moved = 0; // bytes in both directions, at the last look,
  #movedAt = this.#waitingSince; // and when they became so many
  #paid = REQUEST_PAYS_MS;
  #paidAt = this.#waitingSince;
  #taken = 0; // bytes that the client had taken at the last look,
  #takenAt = this.#waitingSince; // and when they became so many

  constructor(socket: Socket, memory: Memory) {
    this.socket = socket;
    this.#memory = memory;
    this.peer = unmapped(socket.remoteAddress ?? '');
    onLastResponse(socket, () => this.#linger());
    socket.on('close', () => {
      // Before Node 25, this does not close responses that are queued behind another.
      for (const { outgoing } of this.#due) outgoing.destroy();
      // Nor does it close a request that has its response: a handler would wait for its body for good.
      this.#latest?.incoming.destroy();
    });
  }

  /** Whether there is memory for so many bytes more that it holds. */
  hasRoom(bytes: number): boolean {
    return this.#memory.hasRoom(this, bytes);
  }

  /** About how many bytes it holds in memory: requests, what is not read of a body or a message, and not taken of responses. */
  get held(): number {
    return this.socket.writableLength + this.#requestBytes + (this.#latest?.held ?? 0);
  }

  /** The same, with what the app holds for its exchanges. */
  get used(): number {
    let bytes = this.held;
    for (const exchange of this.#due) bytes += exchange.taken;
    return bytes;
  }

  /**
   * What its client has paid lately for its place, in milliseconds: by bytes that it has sent or taken, and
   * by requests. It is worth half as much each minute, and a minute at most, so that no burst buys more.
   */
  paid(now: number): number {
    const moved = this.socket.bytesRead + bytesTaken(this.socket);
    const bytes = moved - this.#moved;
    const isUpload = this.#latest?.incoming.complete === false;
    // A slow upload keeps its place, but no part of it buys more than the time that it took.
    const earned =
      (bytes / READ_RATE) * 1_000 +
      (isUpload ? Math.min((bytes / BODY_RATE) * 1_000, now - this.#paidAt) : 0);
    if (moved !== this.#moved || !this.#isClientsTurn) this.#movedAt = now;
    this.#paid = Math.min(this.#paid * 2 ** ((this.#paidAt - now) / 60_000) + earned, MAX_PAID_MS);
    this.#moved = moved;
    this.#paidAt = now;
    return this.#paid;
  }

  /** Whether it keeps the server waiting: for a request, for a body, or to take a response. */
  keepsWaiting(now: number): boolean {
    this.paid(now);
    return this.#due.length === 0 || now - this.#movedAt > PATIENCE_MS;
  }

  /** Whether it is so new that its first request may be on the way. */
  isNew(now: number): boolean {
    return this.#requests === 0 && now - this.#waitingSince < NEW_MS;
  }

  /**
   * Whether it has been kept for so long that the response which is due shall be its last: clients
   * that keep connections would never come to a replica that was added.
   */
  get isOld(): boolean {
    return performance.now() > this.#endAt;
  }

  /**
   * Takes a request in. `begin` is called in its turn, when the responses before it are made and, but for
   * a few bytes, handed over: made side by side, large ones would all wait in memory for the first.
   * @returns whether it will be served
   */
  take(exchange: Exchange, begin: (exchange: Exchange) => void): boolean {
    if (this.#due.length === MAX_DUE) {
      this.#isEnding = true;
      // What is ready is sent first.
      setImmediate(() => this.cut(`more than ${MAX_DUE} requests were pipelined`));
    }
    if (this.#isEnding || this.#latest?.isLast || this.socket.destroyed) {
      stopParsing(this.socket);
      return false;
    }
    exchange.requestBytes = requestBytes(exchange.incoming);
    if (!this.hasRoom(exchange.requestBytes)) {
      this.#isEnding = true;
      this.cut(NO_MEMORY);
      return false;
    }
    this.#requests += 1;
    this.#requestBytes += exchange.requestBytes;
    this.#latest = exchange;
    this.#begin = begin;
    if (this.#due.push(exchange) === 1) begin(exchange);
    else {
      // In the async context of its own request, not of the one before.
      exchange.waiting = new AsyncResource('Exchange');
      this.#beginNext();
    }
    return true;
  }

  /**
   * Lets go of an exchange whose response is closed.
   * @returns whether it has been begun, or was still to be: not if one before it was the connection's last
   */
  release(exchange: Exchange): boolean {
    const index = this.#due.indexOf(exchange);
    if (index < 0) return false; // Node before 25 may emit 'close' twice
    this.#due.splice(index, 1);
    this.#requestBytes -= exchange.requestBytes;
    this.#paid += REQUEST_PAYS_MS;
    if (this.#latest === exchange) this.#endRequest(exchange);
    if (exchange.isLast) for (const next of this.#due) next.isLast = true;
    if (exchange.waiting) return !exchange.isLast;
    if (this.#due.length > 0) this.#beginNext();
    else this.#waitingSince = performance.now();
    return true;
  }

  /** Lets it end with the latest response, unless that one's header is out already and it is no WebSocket. */
  goAway(): void {
    for (const exchange of this.#due) exchange.goAway(exchange === this.#latest);
  }

  /**
   * Sends one last response, to bytes that are not a valid request, after those that are due; then closes.
   * @returns the length of its body; undefined if there is nobody to send it to
   */
  async endWith(status: number, error: string): Promise<number | undefined> {
    const latest = this.#latest;
    if (this.#isEnding || (latest?.isLast && latest.incoming.complete)) return undefined;
    this.#isEnding = true;
    this.socket.resume(); // to see that the client leaves, also behind CONNECT
    const left = new Promise<void>((resolve) => {
      if (this.socket.readableEnded) resolve();
      else this.socket.once('end', resolve);
    });
    await nextTurn(); // by now every handler that waits for nothing has responded
    for (let [first] = this.#due; first; [first] = this.#due) {
      if (this.#due.length === 1 && !first.incoming.complete && !first.outgoing.writableEnded) {
        // In the midst of a request's body, which its handler may be waiting for.
        first.closeAfter();
        if (this.socket.readableEnded)
          this.#linger(); // the client has left
        else first.fail(status, error);
        return undefined;
      }
      if (!(await this.#hasClosed(first, left))) return undefined;
    }
    // What is malformed or late may also be the rest of a request that already has its response.
    const isSent = this.socket.writable && this.#latest === undefined;
    const { headers, body } = errorReply(status);
    if (isSent) this.socket.write(rawResponse(status, headers, body));
    this.#linger();
    return isSent ? Buffer.byteLength(body) : undefined;
  }

  /**
   * Waits for what has arrived to be read, and says whether the request that is late is still not
   * complete: behind a blocked event loop, its clock comes first.
   */
  async isStillLate(): Promise<boolean> {
    const requests = this.#requests;
    await nextTurn();
    return this.#requests === requests && this.#latest?.incoming.complete !== true;
  }

  /**
   * Looks at the clocks: cuts the connection if its client takes nothing of what waits for it, or
   * asks nothing more.
   * @returns whether a request takes too long to be complete
   */
  checkTime(now: number): boolean {
    this.paid(now);
    const taken = bytesTaken(this.socket);
    // Node's own time-out looks at it, too, but starts again with everything that the client sends.
    if (this.socket.writableLength === 0 || taken !== this.#taken) this.#takenAt = now;
    else if (now - this.#takenAt > STALL_MS) this.cut('the client stopped reading');
    this.#taken = taken;
    this.closeIfWaiting(now - KEEP_MS); // Node's clock starts again with any byte
    this.#latest?.upgraded?.checkTime(now);
    const { duration = 0, bytesIn = 0, incoming } = this.#latest ?? {};
    return incoming?.complete === false && duration > REQUEST_MS + (bytesIn / BODY_RATE) * 1_000;
  }

  /** Closes the connection if no response is due and it has waited for a request since before then. */
  closeIfWaiting(since: number): void {
    if (this.#due.length === 0 && this.#waitingSince <= since) this.socket.destroy();
  }

  /** Closes the connection at once, whatever is due on it. */
  cut(reason = this.cutBecause): void {
    this.cutBecause = reason;
    // Where the end of the connection is the end of the body, only a reset says that there was more.
    if (this.#due[0]?.endsWithConnection) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  /** Resolves when the connection is closed. */
  closed(): Promise<unknown> {
    return new Promise((resolve) => this.socket.once('close', resolve));
  }

  /** Whether the client has to send the rest of a body, or to take a response. */
  get #isClientsTurn(): boolean {
    return this.socket.writableLength > 0 || this.#latest?.incoming.complete === false;
  }

  #beginNext(): void {
    let queued = 0;
    let previous: Exchange | undefined;
    for (const exchange of this.#due) {
      const { waiting } = exchange;
      if (waiting) {
        const isTurn = !previous || (previous.outgoing.writableEnded && queued <= MAX_QUEUED_BYTES);
        if (!isTurn || previous?.isLast || this.socket.destroyed) return;
        exchange.waiting = undefined;
        waiting.runInAsyncScope(this.#begin, undefined, exchange);
      }
      queued += exchange.bytesOut;
      previous = exchange;
    }
  }

  /** Lets go of the latest request, which would outlive the collector's young generation, once it is complete. */
  #endRequest(exchange: Exchange): void {
    const { incoming } = exchange;
    const forget = () => {
      if (this.#latest === exchange) this.#latest = undefined;
    };
    if (incoming.complete) forget();
    else {
      const timer = setTimeout(() => this.#linger(), UNREAD_MS);
      incoming.once('close', () => {
        clearTimeout(timer);
        forget();
      });
    }
  }

  /** Waits for a response to be closed, but not for long once the client has left; then ends the connection. */
  async #hasClosed({ outgoing }: Exchange, left: Promise<void>): Promise<boolean> {
    const closed = new Promise<true>((resolve) => outgoing.once('close', () => resolve(true)));
    const late = left.then(() => sleep(UNREAD_MS, false));
    if (await Promise.race([closed, late])) return true;
    this.#linger();
    return false;
  }

  /**
   * Closes the connection so that its last response arrives. Node would close the socket while the
   * client still sends, and the reset which that causes overtakes the response (RFC 9112 §9.6).
   */
  #linger(): void {
    const socket = this.socket;
    let left = MAX_LINGER_BYTES;
    detachParser(socket);
    socket
      .on('data', ({ length }) => {
        left -= length;
        if (left < 0) socket.pause();
      })
      .resume();
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
    });
  }
}
