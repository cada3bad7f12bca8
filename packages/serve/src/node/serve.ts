import { isIPv6 } from 'node:net';
import { constants } from 'node:os';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { integer, type OptionalIfEmpty } from '../app/options.ts';
import { messageOf } from '../log/error-record.ts';
import { openLogs } from '../log/logs.ts';
import { type AppServer, makeServer, type ServerOptions } from './server.ts';

export { type Assets, assets } from './assets.ts';
export { AppServer, createServer, type NodeBindings, type ServerOptions } from './server.ts';

type Settings = Pick<
  ServeOptions<Env>,
  'accessLog' | 'port' | 'hostname' | 'trustProxy' | 'deadline'
>;

const DEADLINE_MS = 5_000; // that a shutdown may take: half of what Docker and Cloud Run leave
const MAX_DEADLINE_MS = 864_000_000; // ten days: Node's timers take 25

/** Checks a setting that is on by default. */
const isOn = (name: string, value = ''): boolean => {
  if (['', 'on', 'off'].includes(value)) return value !== 'off';
  throw new RangeError(`${name}=${JSON.stringify(value)}: must be on or off`);
};

/**
 * Reads the settings of a server. In the environment, unset and empty mean the default.
 * @throws a RangeError whose message names the setting, its value and what is allowed
 */
export const readSettings = (env: NodeJS.ProcessEnv, given: Settings = {}) => {
  const { accessLog, port, hostname, trustProxy, deadline = DEADLINE_MS } = given;
  return {
    port:
      port === undefined
        ? integer('PORT', env.PORT || '8080', 65_535)
        : integer('port', port, 65_535),
    hostname: hostname || env.HOST || undefined,
    trustProxy:
      trustProxy === undefined
        ? integer('TRUST_PROXY', env.TRUST_PROXY || '0', 100)
        : integer('trustProxy', trustProxy, 100),
    accessLog: accessLog ?? (isOn('ACCESS_LOG', env.ACCESS_LOG) ? undefined : (false as const)),
    deadline: integer('deadline', deadline, MAX_DEADLINE_MS),
  };
};

const FLUSH_MS = 500;
const REPEAT_MS = 500; // npm delivers a Ctrl-C twice where its sh is bash
const IDLE_MS = 1_000; // for which a kept connection stays open: a proxy may have sent a request already

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

/** The options of `serve`. */
export type ServeOptions<E extends Env> = ServerOptions<E> & {
  /** What the start line calls the service, such as its name and version. */
  name?: string;
  /** The TCP port; 0 takes any free one. Comes before the variable PORT; by default 8080. */
  port?: number;
  /** The address to listen on. Comes before the variable HOST; by default all interfaces. */
  hostname?: string;
  /** Milliseconds from a signal until what has not ended is cut off: 5,000 by default, half of what Docker and Cloud Run leave. */
  deadline?: number;
};

const fail = (line: string): never => {
  process.stderr.write(`${line}\n`);
  process.exit(1);
};

/**
 * Runs an app as this process: `createServer`, `run` and `listen` with the settings of the environment.
 * A bad setting, or an address that can't be listened on, ends the process with exit code 1 and a line
 * that says what is allowed.
 * @returns the server; its `listening` resolves to where it listens
 */
export const serve = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<ServeOptions<E>>
): AppServer => {
  try {
    const settings = readSettings(process.env, options);
    const server = makeServer(app, { ...options, ...settings });
    run(server, settings);
    const { port, hostname } = settings;
    server.listen(port, hostname).then(
      (address) => {
        const prefix = options?.name === undefined ? '' : `${options.name} `;
        const host = hostname && isIPv6(hostname) ? `[${hostname}]` : (hostname ?? 'localhost');
        openLogs().writeText(`${prefix}listens on http://${host}:${address.port}`);
      },
      ({ code }: NodeJS.ErrnoException) => {
        if (code === undefined) return; // the process ends already
        const reason = code === 'EADDRINUSE' ? 'is in use' : `can't be listened on (${code})`;
        const portName = options?.port === undefined ? 'PORT' : 'port';
        const hostName = options?.hostname ? 'hostname' : 'HOST';
        fail(
          /^E(ADDRINUSE|ACCES)$/.test(code)
            ? `${portName}=${port}: ${reason}; must be a free port that this user may take, 0 for any`
            : `${hostName}=${JSON.stringify(hostname)}: ${reason}; must be an address of this machine`,
        );
      },
    );
    return server;
  } catch (error) {
    return fail(messageOf(error));
  }
};
