import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Connection } from './connection.ts';
import { MAX_CONNECTIONS, MAX_HELD_BYTES, Memory } from './memory.ts';

const RESERVED_DESCRIPTORS = 32; // for everything but connections,
const FREE_DESCRIPTORS = 8; // and some that are always free: a request may take several
const LOOK_MS = 1_000; // how often the clocks are looked at
const REPORT_MS = 1_000;

/** How many descriptors the process may have; unlimited where the system is not Linux. */
const maxDescriptors = (): number => {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/^Max open files +(\d+)/m.exec(limits)?.[1] ?? Infinity);
  } catch {
    return Infinity;
  }
};

/** How many it has: the size of the folder, since Linux 6.2 (proc_pid_fd(5)). */
const openDescriptors = (): number => {
  const folder = '/proc/self/fd';
  return statSync(folder).size || readdirSync(folder).length;
};

const noneCounted = { gaveWay: 0, refused: 0, cut: 0 };

/** The open connections of a server: as many as there is room for. */
export class Connections {
  readonly #maxDescriptors = maxDescriptors();
  readonly #limit = Math.min(
    MAX_CONNECTIONS,
    Math.max(this.#maxDescriptors - RESERVED_DESCRIPTORS, 1),
  );
  readonly #all = new Map<Duplex, Connection>();
  readonly #memory = new Memory(this.#all, () => this.#count('cut'));
  readonly #warn: (line: string) => void;
  readonly #looking: NodeJS.Timeout;
  #slowest: Connection[] = []; // the slowest last
  #unlooked = 0; // how many more may come before the descriptors are counted again
  #counts = { ...noneCounted };
  #reporting: NodeJS.Timeout | undefined;

  /**
   * @param onLate takes the socket of a request that takes too long to be complete
   * @param warn takes a line that says how many connections gave way, were refused or were cut
   */
  constructor(onLate: (socket: Duplex) => void, warn: (line: string) => void) {
    this.#warn = warn;
    const look = () => {
      const now = performance.now();
      for (const [socket, connection] of this.#all) if (connection.checkTime(now)) onLate(socket);
      for (let free = this.#freeDescriptors(); free < 0 && this.#makeRoom(); ) free += 1;
    };
    // When the event loop was blocked, what has arrived meanwhile is read before the clocks are looked at.
    this.#looking = setInterval(() => setImmediate(look), LOOK_MS).unref();
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
    if (socket.remoteAddress === undefined || (this.#isFull() && !this.#makeRoom())) {
      socket.destroy();
      return;
    }
    this.#all.set(socket, new Connection(socket, this.#memory));
    socket.on('close', () => this.#all.delete(socket));
  }

  /**
   * Lets every exchange end; resolves when the last connection is closed.
   * @param idleMs for how long a connection without a request is left open, for one that a proxy may have sent already
   */
  async drain(idleMs: number): Promise<void> {
    for (const connection of this.#all.values()) connection.goAway();
    const begunAt = performance.now();
    const closeIdle = () => {
      const since = performance.now() - idleMs;
      if (since < begunAt) return;
      for (const connection of this.#all.values()) connection.closeIfWaiting(since);
    };
    closeIdle();
    const timer = setInterval(closeIdle, LOOK_MS / 4);
    await Promise.all(Array.from(this.#all.values(), (connection) => connection.closed()));
    clearInterval(timer);
    clearInterval(this.#looking);
  }

  /** Closes all that are left at once. */
  cut(reason: string): void {
    for (const connection of this.#all.values()) connection.cut(reason);
  }

  /** How many descriptors may still be opened. */
  #freeDescriptors(): number {
    if (this.#maxDescriptors === Infinity) return Infinity;
    return this.#maxDescriptors - FREE_DESCRIPTORS - openDescriptors();
  }

  #isFull(): boolean {
    if (this.#all.size >= this.#limit) return true;
    this.#unlooked -= 1;
    if (this.#unlooked > 0) return false;
    const free = this.#freeDescriptors();
    this.#unlooked = free / 8; // a request may take several, and older Linux counts each
    return free < 0;
  }

  #makeRoom(): boolean {
    const slowest = this.#nextSlowest();
    this.#count(slowest ? 'gaveWay' : 'refused');
    if (!slowest) return false;
    this.#all.delete(slowest.socket);
    slowest.cut('it gave way to a new connection');
    return true;
  }

  /** Of the connections that keep the server waiting, the one that has paid least for its place. */
  #nextSlowest(): Connection | undefined {
    const now = performance.now();
    const isSlow = (connection: Connection) =>
      !connection.socket.destroyed && connection.keepsWaiting(now);
    let next: Connection | undefined;
    do next = this.#slowest.pop();
    while (next && !isSlow(next));
    if (next) return next;
    // Ranked in batches: else a flood of new connections would have each look at all others.
    const slow = [...this.#all.values()].filter(isSlow).sort((a, b) => b.paid(now) - a.paid(now));
    const { young = [], old = [] } = Object.groupBy(slow, (connection) =>
      connection.isNew(now) ? 'young' : 'old',
    );
    // A few new ones are left alone, but a flood of them does not push out the others.
    const ranked = young.length > this.#limit / 4 ? [...old, ...young] : [...young, ...old];
    this.#slowest = ranked.slice(-Math.ceil(this.#limit / 64));
    return this.#slowest.pop();
  }

  #count(what: keyof typeof noneCounted): void {
    this.#counts[what] += 1;
    this.#reporting ??= setTimeout(() => this.#report(), REPORT_MS);
  }

  #report(): void {
    const { gaveWay, refused, cut } = this.#counts;
    this.#counts = { ...noneCounted };
    this.#reporting = undefined;
    if (gaveWay + refused > 0)
      this.#warn(
        `at most ${this.#limit} connections at a time, and fewer if the app has files open: ${gaveWay} that waited for their clients gave way to new ones, ${refused} new ones were refused`,
      );
    if (cut > 0)
      this.#warn(
        `at most ${MAX_HELD_BYTES} bytes for what clients have not taken, or have sent too early: ${cut} connections were cut`,
      );
  }
}
