import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { errorReply } from '../app/responses.ts';
import { unmapped } from './client-address.ts';
import { bytesTaken, detachParser, onLastResponse, stopParsing } from './internals.ts';
import type { LoggedResponse } from './response.ts';

const MAX_DUE = 100; // responses; a client that pipelines more is not reading them
const MAX_QUEUED_BYTES = 65_536; // of responses that are ready, before the next one is made
const LINGER_MS = 1_000;
const UNREAD_MS = 500; // for the rest of a request that has its response
const STALL_MS = 60_000; // a kernel lets a client that reads 64 kB/s take 2 MB at a time
const REQUEST_MS = 30_000; // for a request with its body,
const BYTES_PER_SECOND = 500; // and a second more for each of these, as Apache's RequestReadTimeout has it
/** How often the clocks are looked at. */
export const LOOK_MS = 1_000;
const KEEP_MS = 620_000; // as keepAliveTimeout
const MIN_AGE_MS = 240_000; // of a kept connection that the server ends,
const AGE_RANGE_MS = 120_000; // and by how much it varies, so that those of one moment don't end in one

const REQUEST_BYTES = 4_096; // that a request takes in memory, whatever its header is
const STRING_BYTES = 64; // that a name or a value takes beside its characters

/** About how many bytes a request takes in memory. */
const requestBytes = ({ rawHeaders, url = '' }: IncomingMessage): number => {
  let bytes = REQUEST_BYTES + url.length + rawHeaders.length * STRING_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
};

/** Why a connection is cut when all of them hold too much. */
export const NO_MEMORY = 'there is no memory left for what waits for clients';

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

/** A response that is due, and what begins to make it, until that has begun. */
interface Due {
  response: LoggedResponse;
  bytes: number; // of its request
  begin: (() => void) | undefined;
}

/** What a connection asks of the one who has all of them. */
interface Owner {
  /** Takes note that no response is due on a connection any more. */
  onWaiting(connection: Connection): void;
  /** Whether there is memory for so many bytes more that a connection holds. */
  hasRoom(connection: Connection, bytes: number): boolean;
}

/** An open connection and the responses that are due on it. */
export class Connection {
  /** The address of the other side, which a destroyed socket no longer tells. */
  readonly peer: string;
  readonly socket: Socket;
  /** Why the server cut the connection, if it did. */
  cutBecause = '';
  /** Where its owner keeps it while it waits for a request. */
  waitingIn: Set<Connection> | undefined;
  readonly #owner: Owner;
  readonly #due: Due[] = [];
  #latest: LoggedResponse | undefined; // until it is closed and its request is complete
  #latestBytes = 0; // of its request
  #waitingSince = performance.now(); // for the header of a request
  readonly #endAt = this.#waitingSince + MIN_AGE_MS + Math.random() * AGE_RANGE_MS;
  #requests = 0;
  #requestBytes = 0; // of those whose responses are due
  #isEnding = false; // no further request is served
  #bytesTaken = 0; // at the last look,
  #takenAt = performance.now(); // and when they became so many

  constructor(socket: Socket, owner: Owner) {
    this.socket = socket;
    this.#owner = owner;
    this.peer = unmapped(socket.remoteAddress ?? '');
    onLastResponse(socket, () => this.#linger());
    socket.on('close', () => {
      // Before Node 25, this does not close responses that are queued behind another.
      for (const { response } of this.#due) response.destroy();
      // Nor does it close a request that has its response: a handler would wait for its body for good.
      this.#latest?.req.destroy();
    });
  }

  /** Whether there is memory for so many bytes more that it holds. */
  readonly hasRoom = (bytes: number): boolean => this.#owner.hasRoom(this, bytes);

  /** How many requests it has had. */
  get requests(): number {
    return this.#requests;
  }

  /** About how many bytes it holds in memory: requests, what is not read of a body or a message, and not taken of responses. */
  get held(): number {
    return this.socket.writableLength + this.#requestBytes + (this.#latest?.held ?? 0);
  }

  /** How many bytes its client has taken. */
  get taken(): number {
    return bytesTaken(this.socket);
  }

  /** For how many milliseconds its client has kept a request waiting for its body, or a response. */
  lag(now: number): number {
    const stall = this.socket.writableLength > 0 ? now - this.#takenAt - LOOK_MS : 0;
    return Math.max(stall, this.#bodyLag());
  }

  /**
   * Whether it has been kept for so long that the response which is due shall be its last: clients
   * that keep connections would never come to a replica that was added.
   */
  get isOld(): boolean {
    return performance.now() > this.#endAt;
  }

  /** Whether a response to a further request may be made. */
  accept(response: LoggedResponse): boolean {
    if (this.#due.length === MAX_DUE) {
      this.#isEnding = true;
      // What is ready is sent first.
      setImmediate().then(() => this.cut(`more than ${MAX_DUE} requests were pipelined`));
    }
    if (this.#isEnding || this.#latest?.isLast) {
      stopParsing(this.socket);
      return false;
    }
    this.#latestBytes = requestBytes(response.req);
    if (!this.hasRoom(this.#latestBytes)) {
      this.#isEnding = true;
      this.cut(NO_MEMORY);
      return false;
    }
    this.#requests += 1;
    this.#latest = response;
    response.hasRoom = this.hasRoom;
    return true;
  }

  /**
   * Makes a response once those before it are made and, but for a few bytes, handed over: made side
   * by side, large ones would all wait in memory for the first.
   */
  inTurn(response: LoggedResponse, begin: () => void): void {
    const bytes = this.#latestBytes;
    this.#requestBytes += bytes;
    this.#due.push({ response, bytes, begin });
    this.#beginNext();
  }

  /**
   * Takes back a response that is closed.
   * @returns whether it has been begun, or was still to be: not if one before it was the connection's last
   */
  release(response: LoggedResponse): boolean {
    const index = this.#due.findIndex((due) => due.response === response);
    if (index < 0) return false; // Node before 25 may emit 'close' twice
    const [due] = this.#due.splice(index, 1);
    this.#requestBytes -= due?.bytes ?? 0;
    if (this.#latest === response) this.#endRequest(response);
    if (response.isLast) for (const { response } of this.#due) response.isLast = true;
    if (due?.begin) {
      response.settle();
      return !response.isLast;
    }
    if (this.#due.length > 0) this.#beginNext();
    else {
      this.#waitingSince = performance.now();
      this.#owner.onWaiting(this);
    }
    return true;
  }

  /** Lets it end with the latest response, unless that one's header is out already and it is no WebSocket. */
  goAway(): void {
    this.#latest?.goAway();
  }

  /**
   * Sends one last response, to bytes that are not a valid request, after those that are due; then closes.
   * @returns the length of its body; undefined if there is nobody to send it to
   */
  async endWith(status: number, error: string): Promise<number | undefined> {
    if (this.#isEnding || this.#latest?.isLast) return undefined;
    this.#isEnding = true;
    this.socket.resume(); // to see that the client leaves, also behind CONNECT
    const left = new Promise<void>((resolve) => {
      if (this.socket.readableEnded) resolve();
      else this.socket.once('end', resolve);
    });
    await setImmediate(); // by now every handler that waits for nothing has responded
    while (this.#due.length > 1) if (!(await this.#hasClosed(this.#due[0], left))) return undefined;
    const [due] = this.#due;
    if (due) {
      const { response } = due;
      if (!response.req.complete && !response.writableEnded) {
        // In the midst of a request's body, which its handler may be waiting for.
        response.closeAfter();
        if (!this.socket.readableEnded) response.fail(status, error);
        else this.#linger(); // the client has left
        return undefined;
      }
      if (!(await this.#hasClosed(due, left))) return undefined;
    }
    // What is malformed or late may also be the rest of a request that already has its response.
    const isSent = this.socket.writable && this.#latest === undefined;
    const { headers, body } = errorReply(STATUS_CODES[status] ?? '');
    if (isSent) this.socket.write(rawResponse(status, headers, body));
    this.#linger();
    return isSent ? Buffer.byteLength(body) : undefined;
  }

  /**
   * Looks at the clocks: cuts the connection if its client takes nothing of what waits for it, or
   * asks nothing more.
   * @returns whether a request takes too long to be complete
   */
  checkTime(now: number): boolean {
    if (this.socket.writableLength > 0) {
      // Node's own time-out looks at it, too, but starts again with everything that the client sends.
      const taken = bytesTaken(this.socket);
      if (taken !== this.#bytesTaken) this.#takenAt = now;
      else if (now - this.#takenAt > STALL_MS) this.cut('the client stopped reading');
      this.#bytesTaken = taken;
    } else this.#takenAt = now;
    this.closeIfWaiting(now - KEEP_MS); // Node's clock starts again with any byte
    this.#latest?.upgraded?.checkTime(now);
    return this.#bodyLag() > REQUEST_MS;
  }

  /** Closes the connection if no response is due and it has waited for a request since before then. */
  closeIfWaiting(since: number): void {
    if (this.#due.length === 0 && this.#waitingSince <= since) this.socket.destroy();
  }

  /** Closes the connection at once, whatever is due on it. */
  cut(reason: string): void {
    this.cutBecause = reason;
    this.socket.destroy();
  }

  /** Resolves when the connection is closed. */
  closed(): Promise<unknown> {
    return new Promise((resolve) => this.socket.once('close', resolve));
  }

  #bodyLag(): number {
    const { duration = 0, bytesIn = 0, req } = this.#latest ?? {};
    return req?.complete === false ? duration - (bytesIn / BYTES_PER_SECOND) * 1_000 : 0;
  }

  #beginNext(): void {
    let queued = 0;
    let previous: LoggedResponse | undefined;
    for (const due of this.#due) {
      if (due.begin) {
        const isTurn = !previous || (previous.writableEnded && queued <= MAX_QUEUED_BYTES);
        if (!isTurn || previous?.isLast || this.socket.destroyed) return;
        const { begin } = due;
        due.begin = undefined;
        begin();
      }
      queued += due.response.bytesOut;
      previous = due.response;
    }
  }

  /** Lets go of the latest request, which would outlive the collector's young generation, once it is complete. */
  #endRequest(response: LoggedResponse): void {
    const { req } = response;
    const forget = () => {
      if (this.#latest === response) this.#latest = undefined;
    };
    if (req.complete) forget();
    else {
      const timer = setTimeout(() => this.#linger(), UNREAD_MS);
      req.once('close', () => {
        clearTimeout(timer);
        forget();
      });
    }
  }

  /** Waits for a response to be closed, but not for long once the client has left; then ends the connection. */
  async #hasClosed(due: Due | undefined, left: Promise<void>): Promise<boolean> {
    const closed = new Promise<true>((resolve) => due?.response.once('close', () => resolve(true)));
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
    detachParser(socket);
    socket.on('data', () => {}).resume();
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS);
      socket.once('close', () => clearTimeout(timer));
    });
  }
}
