import { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Exchange } from './exchange.ts';
import { NO_MEMORY } from './memory.ts';

const SMALL_BYTES = 512;
const BLOCK_BYTES = 4_096;
const WAIT_MS = 10; // for more small chunks
const MAX_CHUNKS = 512; // in a block: in smaller chunks, bytes cost some hundred times as much processor time

const { push } = IncomingMessage.prototype;

/**
 * Counts the body of a request as it comes, and joins its small chunks: with a buffer for each, a body
 * in chunks of one byte would take 100 times its size in memory.
 */
class RequestBody {
  readonly #exchange: Exchange;
  #block: Buffer | undefined;
  #size = 0; // of what is in the block
  #chunks = 0; // that it is made of
  #timer: NodeJS.Timeout | undefined;
  #wantsMore = true;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /**
   * @param chunk null at the end
   * @returns whether more may come
   */
  take(chunk: Uint8Array | null): boolean {
    const bytes = chunk?.length ?? 0;
    const exchange = this.#exchange;
    exchange.bytesIn += bytes;
    if (!exchange.connection.hasRoom(bytes)) exchange.connection.cut(NO_MEMORY);
    if (chunk === null || bytes >= SMALL_BYTES) {
      this.#flush();
      return push.call(exchange.incoming, chunk);
    }
    if (this.#size + bytes > BLOCK_BYTES) this.#flush();
    this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    this.#block.set(chunk, this.#size);
    this.#size += bytes;
    this.#chunks += 1;
    if (this.#chunks > MAX_CHUNKS) {
      exchange.closeAfter();
      exchange.fail(400, 'the chunks of the body are too small');
    }
    this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
    return this.#wantsMore;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#block && this.#size > 0)
      this.#wantsMore = push.call(
        this.#exchange.incoming,
        Buffer.from(this.#block.subarray(0, this.#size)),
      );
    this.#size = 0;
    this.#chunks = 0;
  }
}

const bodyKey = Symbol('body');

interface WithBody {
  [bodyKey]: RequestBody;
  push: typeof take;
}

/** Called by Node's parser. */
function take(this: WithBody, chunk: Uint8Array | null): boolean {
  return this[bodyKey].take(chunk);
}

/** Whether a request has a body. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;

/** Lets the body of an exchange's request be counted, and its small chunks joined. */
export const watchBody = (exchange: Exchange): void => {
  // Properties of its own: an app may replace the prototype, and one function serves all requests.
  Object.assign(exchange.incoming, { [bodyKey]: new RequestBody(exchange), push: take });
};

/** Takes the prefix off an IPv4 address that a dual-stack socket shows as an IPv6 one (RFC 4291 §2.5.5.2). */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/**
 * The entry of a list that the outermost of the trusted proxies has written; empty if there is none.
 * @param trustProxy how many proxies stand before the server; at least 1
 */
export const trustedEntry = (list: string, trustProxy: number): string => {
  // Further left is forgeable. A shorter list is one that a trusted proxy has begun anew.
  const entries = list.split(',');
  return (entries.at(-trustProxy) ?? entries[0] ?? '').trim();
};

/** The client's address: the peer's, or the one in the trusted entry of X-Forwarded-For. */
export const clientAddress = (peer: string, forwardedFor: string, trustProxy: number): string => {
  const entry = trustedEntry(forwardedFor, trustProxy);
  // Some proxies write the port, too, behind an IPv6 address in brackets (RFC 7239 §6).
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(entry) ?? [];
  const [, plain] = /^([\d.]+):\d+$/.exec(entry) ?? [];
  const address = bracketed ?? plain ?? entry;
  // A zone, as in fe80::1%eth0, is any text, and means nothing on another machine.
  return isIP(address) && !address.includes('%') ? unmapped(address) : peer;
};
