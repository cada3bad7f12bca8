import { isIPv6 } from 'node:net';
import type { Env, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import type { OptionalIfEmpty } from '../app/options.ts';
import { messageOf } from '../log/error-record.ts';
import { openLogs } from '../log/logs.ts';
import { run } from './run.ts';
import { type AppServer, makeServer, type ServerOptions } from './server.ts';
import { readSettings } from './settings.ts';

export { run } from './run.ts';
export { AppServer, createServer, type NodeBindings, type ServerOptions } from './server.ts';
export { readSettings } from './settings.ts';

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

/** Gives back what a function does, or ends the process with its message. */
const orFail = <T>(make: () => T): T => {
  try {
    return make();
  } catch (error) {
    return fail(messageOf(error));
  }
};

const reasons: Record<string, string> = {
  EADDRINUSE: 'is in use',
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
  const settings = orFail(() => readSettings(process.env, options));
  const server = orFail(() => makeServer(app, { ...options, ...settings }));
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
  return server;
};
