import { Hono } from 'hono';

/** The key of the binding that takes what a handler threw. Being a symbol, it hides no other binding. */
export const reportError = Symbol('reportError');

/** What `c.env` holds: declare your variables, secrets and other bindings here. */
export interface Bindings {
  /** Set by the adapter. The client is told nothing of the error. */
  [reportError]?: (error: unknown) => void;
}

const reply = (status: number, contentType: string, body: string, headers = {}) => ({
  status,
  headers: {
    'Content-Type': contentType,
    // Set here because @hono/node-server gives HEAD none (honojs/node-server#220).
    'Content-Length': String(new TextEncoder().encode(body).length),
    ...headers,
  },
  body,
});

/** The response to a failure, in Echo's form: its body, and the `ResponseInit` that goes with it. */
export const errorReply = (status: number, message: string) =>
  reply(status, 'application/json', JSON.stringify({ message }));

const hello = reply(200, 'text/html; charset=UTF-8', 'Hello, Docker! <3');
// no-store: a cached health check says nothing about this server.
const health = reply(200, 'application/json', '{"Status":"OK"}', { 'Cache-Control': 'no-store' });
const notFound = errorReply(404, 'Not Found');
const internalServerError = errorReply(500, 'Internal Server Error');

/** The response to a request whose handler failed. */
export const failed = () => new Response(internalServerError.body, internalServerError);

/** The service: every adapter serves `app.fetch`. Not `hono/tiny`, which routes `/health/` as `/health`. */
export const app = new Hono<{ Bindings: Bindings }>();

// A new Response for each request: a body is read once, and workerd allows none at module level.
// `c.html` and `c.json` would do, but cost more and give HEAD no length.
app.get('/', () => new Response(hello.body, hello));
app.get('/health', () => new Response(health.body, health));
app.notFound(() => new Response(notFound.body, notFound));
app.onError((error, c) => {
  if ('getResponse' in error) return error.getResponse(); // an HTTPException carries its response
  c.env?.[reportError]?.(error);
  return failed();
});
