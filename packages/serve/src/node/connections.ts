import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import type { Duplex } from 'node:stream';
import { Connection, LOOK_MS, NO_MEMORY } from './connection.ts';

const CONNECTION_BYTES = 131_072; // a connection's share of memory: its own, its header of the largest size, and what it leaves to collect
const SHARE_BYTES = 16_384; // which each connection may hold, whatever the others do
const MEMORY_SHARE = 1 / 16; // for what connections hold together: beyond it, some are cut at the next look; beyond twice as much, also those that ask for more
const PATIENCE_MS = 100; // with a client, when all connections are taken
const RESERVED_DESCRIPTORS = 32; // for everything but connections
const REPORT_MS = 1_000;
const WAIT_MS = 1_000; // of a drain: for a request that a proxy may have sent already

const fileDescriptors = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity; // not on Linux
  }
};

const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());

/** How many connections there is memory for, and file descriptors. */
const maxConnections = (): number => {
  const descriptors = Math.max(fileDescriptors() - RESERVED_DESCRIPTORS, 1);
  return Math.min(Math.floor(memory / CONNECTION_BYTES), descriptors);
};

const noneCounted = { gaveWay: 0, refused: 0, cut: 0 };

const none: ReadonlySet<Connection> = new Set();

const firstOf = (...sets: ReadonlySet<Connection>[]): Connection | undefined => {
  for (const set of sets) for (const first of set) return first;
  return undefined;
};

/** The open connections of a server: as many as there is room for. */
export class Connections {
  readonly #limit = maxConnections();
  readonly #all = new Map<Duplex, Connection>();
  // Those that wait for a request, the longest first, by how many requests they have had: none, 1,
  // 2 to 3, 4 to 7, 8 or more.
  readonly #waiting = Array.from({ length: 5 }, () => new Set<Connection>());
  readonly #warn: (line: string) => void;
  readonly #looking: NodeJS.Timeout;
  readonly #maxHeld = memory * MEMORY_SHARE;
  #held = 0; // by all connections at the last look,
  #heldSince = 0; // and what they began to hold since
  #counts = { ...noneCounted };
  #reporting: NodeJS.Timeout | undefined;

  /**
   * @param onLate takes the socket of a request that takes too long to be complete
   * @param warn takes a line that says how many connections gave way, were refused or were cut
   */
  constructor(onLate: (socket: Duplex) => void, warn: (line: string) => void) {
    this.#warn = warn;
    this.#looking = setInterval(() => {
      const now = performance.now();
      for (const [socket, connection] of this.#all) if (connection.checkTime(now)) onLate(socket);
    }, LOOK_MS).unref();
  }

  get(socket: Duplex): Connection | undefined {
    return this.#all.get(socket);
  }

  /**
   * Adds a connection. If there is no room, one that waits for its client gives way, so that no client
   * can keep others out by holding connections open.
   */
  add(socket: Socket): void {
    // A client that has reset already has no address, and is not there to be served.
    if (
      socket.remoteAddress === undefined ||
      (this.#all.size >= this.#limit && !this.#makeRoom())
    ) {
      socket.destroy();
      return;
    }
    const connection = new Connection(socket, this);
    this.#all.set(socket, connection);
    this.onWaiting(connection);
    socket.on('close', () => this.#remove(connection));
  }

  /** Takes note that a connection has a request. */
  begin(connection: Connection): void {
    connection.waitingIn?.delete(connection);
  }

  /** Takes note that a connection waits for a request. */
  onWaiting(connection: Connection): void {
    if (connection.socket.destroyed) return;
    const level = 32 - Math.clz32(connection.requests);
    connection.waitingIn =
      this.#waiting[Math.min(level, this.#waiting.length - 1)]?.add(connection);
  }

  /**
   * Counts bytes more that a connection is to hold, and says whether there is memory for them. When all
   * connections hold too much, it first cuts those whose clients have taken least: a slow reader has
   * taken more than one that does not read.
   */
  hasRoom(connection: Connection, bytes: number): boolean {
    this.#heldSince += bytes;
    if (this.#heldSince > this.#maxHeld / 4) this.#shed();
    if (!this.#isFull || connection.held + bytes <= SHARE_BYTES) return true;
    this.#shed(); // since the last look, others may have let go
    if (!this.#isFull) return true;
    this.#count('cut');
    return false;
  }

  /** Lets every exchange end; resolves when the last connection is closed. */
  async drain(): Promise<void> {
    for (const connection of this.#all.values()) connection.goAway();
    const begunAt = performance.now();
    const timer = setInterval(() => {
      const since = performance.now() - WAIT_MS;
      if (since < begunAt) return;
      for (const connection of this.#all.values()) connection.closeIfWaiting(since);
    }, WAIT_MS / 4);
    await Promise.all(Array.from(this.#all.values(), (connection) => connection.closed()));
    clearInterval(timer);
    clearInterval(this.#looking);
  }

  /** Closes all that are left at once. */
  cut(reason: string): void {
    for (const connection of this.#all.values()) connection.cut(reason);
  }

  get #isFull(): boolean {
    return this.#held + this.#heldSince > 2 * this.#maxHeld;
  }

  #makeRoom(): boolean {
    const longest = this.#longestWaiting();
    if (!longest) {
      this.#count('refused');
      return false;
    }
    this.#count('gaveWay');
    this.#remove(longest);
    longest.cut('it gave way to a new connection');
    return true;
  }

  /** The connection that gives way to a new one. */
  #longestWaiting(): Connection | undefined {
    const [newcomers = none, once = none, ...proven] = this.#waiting;
    // A few newcomers are left alone: their requests may be on the way.
    const first = newcomers.size > this.#limit / 4 ? firstOf(newcomers) : undefined;
    return first ?? firstOf(once) ?? this.#slowest() ?? firstOf(...proven, newcomers);
  }

  /** The connection whose client has kept a request or a response waiting longest, if any has for long. */
  #slowest(): Connection | undefined {
    const now = performance.now();
    let slowest: Connection | undefined;
    let longest = PATIENCE_MS;
    for (const connection of this.#all.values()) {
      const lag = connection.lag(now);
      if (lag > longest) [slowest, longest] = [connection, lag];
    }
    return slowest;
  }

  /**
   * Cuts large connections, those first whose clients have taken least, until the rest hold no more than
   * they may. The one whose client has taken most is spared.
   */
  #shed(): void {
    this.#heldSince = 0;
    let held = 0;
    let leaving = 0; // held by those that are cut, but closed only later in this turn of the event loop
    const large: { connection: Connection; bytes: number; taken: number }[] = [];
    for (const connection of this.#all.values()) {
      const { socket, held: bytes, taken } = connection;
      if (socket.destroyed) {
        leaving += bytes;
        continue;
      }
      held += bytes;
      if (bytes > SHARE_BYTES) large.push({ connection, bytes, taken });
    }
    if (held > this.#maxHeld) large.sort((a, b) => a.taken - b.taken || b.bytes - a.bytes).pop();
    for (const { connection, bytes } of large) {
      if (held <= this.#maxHeld) break;
      this.#count('cut');
      connection.cut(NO_MEMORY);
      held -= bytes;
      leaving += bytes;
    }
    this.#held = held + leaving;
  }

  #count(what: keyof typeof noneCounted): void {
    this.#counts[what] += 1;
    this.#reporting ??= setTimeout(() => this.#report(), REPORT_MS);
  }

  #remove(connection: Connection): void {
    this.#all.delete(connection.socket);
    this.begin(connection);
  }

  #report(): void {
    const { gaveWay, refused, cut } = this.#counts;
    this.#counts = { ...noneCounted };
    this.#reporting = undefined;
    if (gaveWay + refused > 0)
      this.#warn(
        `at most ${this.#limit} connections at a time: ${gaveWay} that waited for a request gave way to new ones, ${refused} new ones were refused`,
      );
    if (cut > 0)
      this.#warn(
        `at most ${this.#maxHeld} bytes for what clients have not taken, or have sent too early: ${cut} connections were cut`,
      );
  }
}
