import type { ExecutionContext } from 'hono';

/**
 * Of https://www.iana.org/assignments/http-status-codes what handlers and middlewares throw, because the
 * size of a Worker counts. The adapters for Node add what Node knows.
 */
export const statusTexts: Record<number | string, string | undefined> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Payload Too Large',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The body of a response that says no more than its status. */
export const errorBody = (status: number) => ({
  message: statusTexts[status] ?? `Status ${status}`,
});

/** A response that says no more than its status. */
export const errorResponse = (status: number): Response =>
  Response.json(errorBody(status), { status });

/** The same as text, and the header fields that go with it. */
export const errorReply = (status: number) => {
  const body = JSON.stringify(errorBody(status));
  const headers = {
    'Content-Type': 'application/json',
    'Content-Length': String(body.length),
    'X-Content-Type-Options': 'nosniff',
  };
  return { headers, body };
};

/**
 * Gives back what a handler returned if it can be sent; else throws. A Response of another class than
 * the global one, as some libraries have it, becomes one of the global class.
 */
export const checkedResponse = (value: unknown): Response => {
  if (value instanceof Response) return value;
  const { status, headers, body } = Object(value);
  if (typeof status !== 'number' || !headers || body === undefined)
    throw new TypeError('a handler returned no Response');
  return new Response(body, Object(value));
};

/** As much of a Hono app as serving it takes. */
export type Fetch = (
  request: Request,
  env: object,
  executionCtx: ExecutionContext,
) => Response | Promise<Response>;
