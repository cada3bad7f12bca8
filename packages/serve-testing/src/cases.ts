import type { Received, Sent } from './client.ts';

/** What a value of JSON must be: the same, or a text that matches the regular expression. */
export type Expected =
  | string
  | number
  | boolean
  | null
  | RegExp
  | readonly Expected[]
  | { readonly [name: string]: Expected };

/** A request and the response that every target owes it. */
export interface Case {
  /** Tells it from other cases of the same method and path. */
  name?: string;
  method: string;
  path: string;
  requestHeaders?: Record<string, string>;
  /** A text, or an object that is sent as JSON. */
  requestBody?: string | object;
  status: number;
  /** Header fields of the response. It redirects only where `location` is one of them. */
  headers: Record<string, string | RegExp>;
  /** The text of the response, or what it means as JSON. */
  body: Expected;
  /** `false`: not for a service that is live, such as a request that makes something. */
  live?: false;
  /** Whether a proxy may refuse the request itself, with 400. */
  proxyMayRefuse?: true;
}

/** Header fields that an adapter adds to every response; in process they are not there. */
export const adapterHeaders = { 'x-content-type-options': 'nosniff' };

/** What no header field of a response contains: none reveals the framework. */
const frameworkName = /x-powered-by|\bhono\b/i;

/** What reports call a case. */
export const nameOf = ({ name, method, path }: Case): string =>
  `${method} ${path}${name ? ` (${name})` : ''}`;

/** The request of a case. */
export const requestOf = ({ method, path, requestHeaders = {}, requestBody }: Case): Sent =>
  typeof requestBody === 'object'
    ? {
        method,
        path,
        headers: { 'Content-Type': 'application/json', ...requestHeaders },
        requestBody: JSON.stringify(requestBody),
      }
    : { method, path, headers: requestHeaders, requestBody };

const matches = (expected: unknown, received: unknown): boolean => {
  if (expected instanceof RegExp) return typeof received === 'string' && expected.test(received);
  if (!(expected instanceof Object && received instanceof Object)) return expected === received;
  const values = new Map(Object.entries(received));
  const wanted = Object.entries(expected);
  return (
    Array.isArray(expected) === Array.isArray(received) &&
    wanted.length === values.size &&
    wanted.every(([name, value]) => matches(value, values.get(name)))
  );
};

/** A value as a report shows it. */
const shown = (value: unknown): string =>
  value instanceof RegExp
    ? String(value)
    : JSON.stringify(value, (_, inner) => (inner instanceof RegExp ? String(inner) : inner));

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text; // which is no object
  }
};

/**
 * Makes the request of a case, and says how the response differs from what it should be: a line for
 * each difference.
 * @param added header fields that it must have besides
 */
export const tryCase = async (
  expected: Case,
  exchange: (sent: Sent) => Promise<Received>,
  added: Record<string, string> = adapterHeaders,
): Promise<string[]> => {
  const received = await exchange(requestOf(expected));
  const lines: string[] = [];
  const compare = (what: string, wanted: unknown, got: unknown) => {
    if (!matches(wanted, got))
      lines.push(`${what}: expected ${shown(wanted)}, received ${shown(got)}`);
  };
  compare('status', expected.status, received.status);
  const headers: Case['headers'] = { ...expected.headers, ...added };
  if (!headers.location) compare('location', undefined, received.headers.location);
  for (const [name, value] of Object.entries(headers)) compare(name, value, received.headers[name]);
  for (const [name, value] of Object.entries(received.headers))
    if (frameworkName.test(`${name}: ${value}`))
      lines.push(`${name}: ${value}: names the framework`);
  const { body } = expected;
  const isText = typeof body === 'string' || body instanceof RegExp;
  compare('body', body, isText ? received.body : parsed(received.body));
  return lines;
};

/** The same where a proxy is in front: says also whether the proxy refused the request, as it may. */
export const tryCaseBehindProxy = async (
  expected: Case,
  exchange: (sent: Sent) => Promise<Received>,
): Promise<{ faults: string[]; isByProxy: boolean }> => {
  let status = 0;
  const faults = await tryCase(expected, async (sent) => {
    const received = await exchange(sent);
    status = received.status;
    return received;
  });
  const isByProxy = faults.length > 0 && expected.proxyMayRefuse === true && status === 400;
  return { faults, isByProxy };
};
