import type { IncomingMessage } from 'node:http';
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import type { Connection } from './connection.ts';
import { collectGarbage } from './internals.ts';

// All that bounds the memory which clients can take. reference.md has the numbers.

const CONNECTION_BYTES = 131_072; // a connection's share of memory: its own, its header of the largest size, and what it leaves to collect
const SHARE_BYTES = 16_384; // which each connection may hold, whatever the others do
const MEMORY_SHARE = 1 / 16; // for what connections hold together: beyond it, some are cut at the next look; beyond twice as much, also those that ask for more
const WELL_PAID_MS = 20_000; // as a client has that has read 64 kB/s for a while
const REQUEST_BYTES = 4_096; // that a request takes in memory, whatever its header is
const STRING_BYTES = 64; // that a name or a value takes beside its characters

/** How many bytes of finished responses may wait on a connection before the next one is made. */
export const MAX_QUEUED_BYTES = 65_536;
/** How many bytes of messages may wait for the client of a WebSocket. */
export const MAX_UNSENT_BYTES = 1_048_576;
/** How many bytes a frame of a WebSocket, or a piece of one, takes in memory beside its own. */
export const PART_BYTES = 256;
/** Why a connection is cut when all of them hold too much. */
export const NO_MEMORY = 'there is no memory left for what waits for clients';

/** How many bytes this process may have. */
export const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
/** For how many connections there is memory. */
export const MAX_CONNECTIONS = Math.floor(memory / CONNECTION_BYTES);
/** How many bytes all connections may hold together. */
export const MAX_HELD_BYTES = memory * MEMORY_SHARE;

/** About how many bytes a request takes in memory. */
export const requestBytes = ({ rawHeaders, url = '' }: IncomingMessage): number => {
  let bytes = REQUEST_BYTES + url.length + rawHeaders.length * STRING_BYTES;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
};

const PROCESS_BYTES = 67_108_864; // that a process of Node takes beside what V8 counts
const MAX_USED_BYTES = (memory * 13) / 16 - PROCESS_BYTES; // the rest is for what one turn of the event loop makes
const MAX_HEAP_BYTES = (getHeapStatistics().heap_size_limit * 7) / 8;
const GARBAGE_BYTES = memory / 64; // that are worth a collection

/** By how many bytes V8 has used more than it may, what it has not collected yet included. */
const excessBytes = (): number => {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const used = heapUsed + Math.max(external, arrayBuffers);
  return Math.max(used - MAX_USED_BYTES, heapUsed - MAX_HEAP_BYTES);
};

/** What the connections of a server hold in memory together. */
export class Memory {
  readonly #connections: ReadonlyMap<unknown, Connection>;
  readonly #onCut: () => void;
  #held = 0; // at the last look,
  #heldSince = 0; // and what was given out since
  #unmeasured = 0; // bytes that were given out or refused since the process was measured,
  #excess = 0; // by how much it had used too much then,
  #leftover = 0; // and how much of that a collection has left
  #isSpent = false; // for this turn of the event loop: what is cut is freed after it

  /** @param onCut called for each connection that is cut for want of memory */
  constructor(connections: ReadonlyMap<unknown, Connection>, onCut: () => void) {
    this.#connections = connections;
    this.#onCut = onCut;
  }

  /**
   * Says whether there is memory for bytes more that a connection is to hold, and counts them. When all
   * hold too much, connections are cut first whose clients have paid least for their place.
   */
  hasRoom(connection: Connection, bytes: number): boolean {
    this.#measure(bytes);
    if (this.#heldSince + bytes > MAX_HELD_BYTES / 4 && !this.#isSpent) this.#shed();
    if (this.#isFull(bytes) && connection.held + bytes > SHARE_BYTES) {
      if (!this.#isSpent) this.#shed(); // since the last look, others may have let go
      if (this.#isFull(bytes)) {
        // Without this, each send of a broadcast would look at all connections again.
        if (!this.#isSpent) setImmediate(() => (this.#isSpent = false));
        this.#isSpent = true;
        this.#onCut();
        return false;
      }
    }
    this.#heldSince += bytes;
    return true;
  }

  /** Looks at what the process has used: if that is nearly all, what the app holds for its exchanges counts, too. */
  #measure(bytes: number): void {
    this.#unmeasured += bytes;
    if (this.#unmeasured < MAX_HELD_BYTES / 16) return;
    this.#unmeasured = 0;
    let excess = excessBytes();
    if (excess > this.#leftover + GARBAGE_BYTES) {
      collectGarbage();
      excess = excessBytes();
      this.#leftover = excess;
    }
    this.#leftover = Math.max(Math.min(this.#leftover, excess), 0);
    this.#excess = excess;
    if (excess > 0 && !this.#isSpent) this.#shed();
  }

  #isFull(bytes: number): boolean {
    return this.#held + this.#heldSince + bytes > 2 * MAX_HELD_BYTES;
  }

  /** Cuts large connections, those first that have paid least, until the rest hold no more than they may. */
  #shed(): void {
    const now = performance.now();
    let held = 0;
    let leaving = 0; // held by those that are cut, but closed only later in this turn of the event loop
    const large: { connection: Connection; bytes: number; paid: number }[] = [];
    for (const connection of this.#connections.values()) {
      const isShort = this.#excess > 0;
      const bytes = isShort ? connection.used : connection.held;
      if (connection.socket.destroyed) {
        leaving += bytes;
        continue;
      }
      held += bytes;
      // A slow upload has paid for the first part of what counts then.
      const isLarge =
        isShort && connection.held <= SHARE_BYTES ? bytes > 4 * SHARE_BYTES : bytes > SHARE_BYTES;
      if (isLarge) large.push({ connection, bytes, paid: connection.paid(now) });
    }
    if (held > MAX_HELD_BYTES) large.sort((a, b) => a.paid - b.paid || b.bytes - a.bytes);
    for (const { connection, bytes, paid } of large) {
      // Those that have paid well are left alone while there is memory for them.
      if (held <= (paid > WELL_PAID_MS ? 2 : 1) * MAX_HELD_BYTES) break;
      this.#onCut();
      connection.cut(NO_MEMORY);
      held -= bytes;
      leaving += bytes;
    }
    this.#held = held + leaving;
    this.#heldSince = 0;
  }
}
