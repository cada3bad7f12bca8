import { constants } from 'node:os';
import { openLogs } from '../log/logs.ts';
import type { AppServer } from './server.ts';
import { integer, MAX_DEADLINE_MS } from './settings.ts';

const FLUSH_MS = 500;
const REPEAT_MS = 500; // npm delivers a Ctrl-C twice where its sh is bash
const IDLE_MS = 1_000; // for which a kept connection stays open: a proxy may have sent a request already
/** Milliseconds that a shutdown may take: half of what Docker and Cloud Run leave. */
export const DEADLINE_MS = 5_000;

/** The servers that run as this process, and the time that each has to end. */
const running = new Map<AppServer, number>();
let endAt: number | undefined; // when all must have ended, once the process ends
let signalledAt = 0;

/** Ends the process once its log is written, or cannot be. */
const exit = async (code?: number): Promise<void> => {
  setTimeout(() => process.exit(code), FLUSH_MS);
  await openLogs().flush();
  process.exit(code);
};

/** Lets all servers end: what they share, such as a database, is closed when the last of them has drained. */
const shutdown = async (): Promise<void> => {
  if (endAt !== undefined) return;
  const startedAt = performance.now();
  endAt = startedAt + Math.max(...running.values());
  setTimeout(() => process.exit(1), endAt - startedAt + FLUSH_MS);
  for (;;) {
    const servers = [...running];
    await Promise.all(
      servers.map(([server, deadline]) => server.drain(deadline, Math.min(IDLE_MS, deadline))),
    );
    if (servers.length < running.size) continue; // one was begun meanwhile
    const left = Math.max(endAt - performance.now(), 0);
    const ended = await Promise.all(servers.map(([server]) => server.close(left)));
    if (ended.includes(false)) process.exitCode = 1;
    process.exit();
  }
};

const onSignal = (signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void => {
  const now = performance.now();
  if (signalledAt && now - signalledAt > REPEAT_MS) exit(128 + constants.signals[signal]);
  signalledAt ||= now;
  shutdown();
};

// Unhandled rejections come here, too.
const onException = (error: unknown): void => {
  // The source of a stream of events that the shutdown has ended may go on for a moment.
  const isLate = endAt !== undefined && Object(error).code === 'ERR_INVALID_STATE';
  openLogs().writeError(isLate ? 'ERROR' : 'FATAL', error);
  if (isLate) return;
  process.exitCode = 1;
  shutdown();
};

/**
 * Runs a server as this process, which ends on SIGTERM, SIGINT and SIGHUP, when what is in progress has
 * ended. The exit code is then 0, or 1 if something did not end by the deadline, or an `onShutdown`
 * failed. An unhandled rejection or exception is logged and ends the process in the same way, with exit
 * code 1. Several servers end together, on one signal.
 * @param deadline milliseconds from a signal until what has not ended is cut off: 5,000 by default
 */
export const run = (server: AppServer, { deadline = DEADLINE_MS } = {}): void => {
  integer('deadline', deadline, MAX_DEADLINE_MS);
  if (running.size === 0)
    process
      .on('SIGHUP', onSignal)
      .on('SIGINT', onSignal)
      .on('SIGTERM', onSignal)
      .on('uncaughtException', onException);
  running.set(server, deadline);
  if (endAt !== undefined) server.drain(Math.max(endAt - performance.now(), 0));
};
