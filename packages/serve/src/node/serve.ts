import { isIPv6 } from 'node:net';
import { constants } from 'node:os';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { messageOf } from '../log/error-record.ts';
import { openLogs } from '../log/logs.ts';
import { makeServer, type OptionalIfEmpty, type ServerOptions } from './server.ts';
import { readSettings } from './settings.ts';

export {
  type AppServer,
  createServer,
  type NodeBindings,
  type ServerOptions,
} from './server.ts';

const FLUSH_MS = 500;
const REPEAT_MS = 500; // npm delivers a Ctrl-C twice where its sh is bash

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

const settingsOf = (given: Parameters<typeof readSettings>[1]) => {
  try {
    return readSettings(process.env, given);
  } catch (error) {
    return fail(messageOf(error));
  }
};

const reasons: Record<string, string> = {
  EADDRINUSE: 'is in use, perhaps by a server still running after npm was killed',
};

/**
 * Runs an app as this process: listens, logs, and ends on SIGTERM, SIGINT and SIGHUP, when what is in
 * progress has ended. The exit code is then 0, or 1 if something did not end by the deadline, or
 * `onShutdown` failed. An unhandled rejection or exception is logged and ends the process in the same
 * way, with exit code 1. So does a bad setting, with a line that says what is allowed.
 */
export const serve = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<ServeOptions<E>>
): void => {
  const [argument] = process.argv.slice(2);
  if (argument !== undefined)
    fail(`${argument}: the server takes no arguments; set the port with the variable PORT`);
  const { port, hostname, trustProxy, accessLog, deadline } = settingsOf(options);
  const logs = openLogs();
  const write = accessLog ? logs.write : () => {};
  const server = makeServer(app, { ...options, trustProxy }, { ...logs, write });

  /** Ends the process once its log is written, or cannot be. */
  const exit = async (code?: number): Promise<void> => {
    setTimeout(() => process.exit(code), FLUSH_MS);
    await logs.flush();
    process.exit(code);
  };

  const shutdown = async (): Promise<void> => {
    setTimeout(() => process.exit(1), deadline + FLUSH_MS);
    if (!(await server.close(deadline))) process.exitCode = 1;
    process.exit();
  };

  let signalledAt = 0;
  const onSignal = (signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void => {
    const now = performance.now();
    if (signalledAt && now - signalledAt > REPEAT_MS) exit(128 + constants.signals[signal]);
    signalledAt ||= now;
    shutdown();
  };
  process.on('SIGHUP', onSignal).on('SIGINT', onSignal).on('SIGTERM', onSignal);

  // Unhandled rejections come here, too.
  process.on('uncaughtException', (error) => {
    logs.report('FATAL', error);
    process.exitCode = 1;
    shutdown();
  });

  server.listen(port, hostname).then(
    ({ port }) => {
      const prefix = options?.name === undefined ? '' : `${options.name} `;
      const host = hostname && isIPv6(hostname) ? `[${hostname}]` : (hostname ?? 'localhost');
      logs.say(`${prefix}listens on http://${host}:${port}`);
    },
    ({ code }: NodeJS.ErrnoException) => {
      const reason = reasons[code ?? ''] ?? `can't be listened on (${code})`;
      const portName = options?.port === undefined ? 'PORT' : 'port';
      const hostName = options?.hostname ? 'hostname' : 'HOST';
      fail(
        /^E(ADDRINUSE|ACCES)$/.test(code ?? '')
          ? `${portName}=${port}: ${reason}; must be a free port that this user may take, 0 for any`
          : `${hostName}=${JSON.stringify(hostname)}: ${reason}; must be an address of this machine`,
      );
    },
  );
};
