import type { ExecutionContext } from 'hono';
import { statusText } from './status-text.ts';

/** As much of a Hono app as serving it takes. */
export type Fetch = (
  request: Request,
  env: object,
  executionCtx: ExecutionContext,
) => Response | Promise<Response>;

/** The body of a response that says no more than its status, and the header fields that go with it. */
export const errorReply = (status: number) => {
  const body = JSON.stringify({ message: statusText(status) });
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'X-Content-Type-Options': 'nosniff',
  };
  return { headers, body };
};

/** A response that says no more than its status. */
export const errorResponse = (status: number): Response =>
  Response.json({ message: statusText(status) }, { status });

/** The fields that belong to the connection (RFC 9110 §7.6.1): the app's are not sent. */
export const connectionFields = [
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
];

/**
 * Gives back what a handler returned if it can be sent; else throws. A Response of another class than
 * the global one, as some libraries have it, becomes one of the global class.
 */
export const checkedResponse = (value: unknown): Response => {
  if (value instanceof Response) return value;
  const { status, statusText, headers, body } = Object(value);
  if (typeof status !== 'number' || typeof headers !== 'object' || body === undefined)
    throw new TypeError('a handler returned no Response');
  return new Response(body, { status, statusText, headers });
};
