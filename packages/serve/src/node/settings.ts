import type { LogOptions } from '../log/options.ts';

/** What the program sets by itself; it comes before the environment. */
interface Given {
  accessLog?: LogOptions['accessLog'];
  port?: number | undefined;
  hostname?: string | undefined;
  trustProxy?: number | undefined;
  deadline?: number | undefined;
}

/** The longest deadline, ten days: Node's timers take 25. */
export const MAX_DEADLINE_MS = 864_000_000;

/** Checks a setting: an integer from 0 to `max`. */
export const integer = (name: string, value: string | number, max: number): number => {
  if (/^\d+$/.test(String(value)) && Number(value) <= max) return Number(value);
  throw new RangeError(`${name}=${JSON.stringify(value)}: must be an integer from 0 to ${max}`);
};

/** Checks a setting that is on by default. */
const isOn = (name: string, value = ''): boolean => {
  if (['', 'on', 'off'].includes(value)) return value !== 'off';
  throw new RangeError(`${name}=${JSON.stringify(value)}: must be on or off`);
};

/**
 * Reads the settings of a server. In the environment, unset and empty mean the default.
 * @throws a RangeError whose message names the setting, its value and what is allowed
 */
export const readSettings = (env: NodeJS.ProcessEnv, given: Given = {}) => {
  const { accessLog, port, hostname, trustProxy, deadline = 5_000 } = given;
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
