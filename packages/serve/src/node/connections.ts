import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { totalmem } from 'node:os';
import type { Duplex } from 'node:stream';
import { Connection } from './connection.ts';

const CONNECTION_BYTES = 65_536; // a connection's share of memory, with a header of the largest size
const RESERVED_DESCRIPTORS = 32; // for everything but connections
const REPORT_MS = 1_000;
const LOOK_MS = 1_000;
const WAIT_MS = 1_000; // of a drain: for a request that a proxy may have sent already

const fileDescriptors = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity; // not on Linux
  }
};

/** How many connections there is memory for, and file descriptors. */
const maxConnections = (): number => {
  const memory = Math.min(process.constrainedMemory() || Infinity, totalmem());
  const descriptors = Math.max(fileDescriptors() - RESERVED_DESCRIPTORS, 1);
  return Math.min(Math.floor(memory / CONNECTION_BYTES), descriptors);
};

/** The open connections of a server: as many as there is room for. */
export class Connections {
  readonly #limit = maxConnections();
  readonly #all = new Map<Duplex, Connection>();
  // Those that wait for a request's header, in the order in which they began to.
  readonly #newcomers = new Set<Connection>();
  readonly #kept = new Set<Connection>();
  readonly #warn: (line: string) => void;
  readonly #looking: NodeJS.Timeout;
  #gaveWay = 0;
  #refused = 0;

  /**
   * @param onLate takes the socket of a request that takes too long to be complete
   * @param warn takes a line that says how many connections there was no room for
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
   * Adds a connection. If there is no room, the one gives way that has waited longest for a request,
   * one that never had any first: who only holds connections keeps nobody out.
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
    const connection = new Connection(socket, () => {
      if (this.#all.has(socket)) this.#kept.add(connection);
    });
    this.#all.set(socket, connection);
    this.#newcomers.add(connection);
    socket.on('close', () => this.#remove(connection));
  }

  /** Takes note that a connection has a request. */
  begin(connection: Connection): void {
    this.#newcomers.delete(connection);
    this.#kept.delete(connection);
  }

  /** Lets every exchange end; resolves when the last connection is closed. */
  async drain(): Promise<void> {
    for (const connection of this.#all.values()) connection.closeAfterLatest();
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

  #makeRoom(): boolean {
    if (this.#gaveWay + this.#refused === 0) setTimeout(() => this.#report(), REPORT_MS);
    const [longest] = this.#newcomers.size > 0 ? this.#newcomers : this.#kept;
    if (!longest) {
      this.#refused += 1;
      return false;
    }
    this.#gaveWay += 1;
    this.#remove(longest);
    longest.socket.destroy();
    return true;
  }

  #remove(connection: Connection): void {
    this.#all.delete(connection.socket);
    this.begin(connection);
  }

  #report(): void {
    this.#warn(
      `at most ${this.#limit} connections at a time: ${this.#gaveWay} that waited for a request gave way to new ones, ${this.#refused} new ones were refused`,
    );
    this.#gaveWay = 0;
    this.#refused = 0;
  }
}
