import { Hono } from 'hono';

/** What an adapter hands in with a request, through Hono's bindings; all of it is optional. */
export interface Bindings {
  /** Takes the error of a handler that threw or rejected; the client is told nothing of it. */
  reportError?: (error: Error) => void;
}

/** What every answer has. */
export const nosniff = { 'X-Content-Type-Options': 'nosniff' };

const answer = (status: number, contentType: string, body: string, headers = {}) => ({
  status,
  headers: {
    'Content-Type': contentType,
    // Said here because @hono/node-server gives HEAD none (honojs/node-server#220).
    'Content-Length': String(new TextEncoder().encode(body).length),
    ...nosniff,
    ...headers,
  },
  body,
});

/** The answer to what goes wrong, in Echo's form: its body, and the `ResponseInit` that fits it. */
export const errorAnswer = (status: number, message: string) =>
  answer(status, 'application/json', JSON.stringify({ message }));

const hello = answer(200, 'text/html; charset=UTF-8', 'Hello, Docker! <3');
// no-store: a health answer that a cache gives is a lie.
const health = answer(200, 'application/json', '{"Status":"OK"}', { 'Cache-Control': 'no-store' });
const notFound = errorAnswer(404, 'Not Found');
const internalServerError = errorAnswer(500, 'Internal Server Error');

/** The service, whole: every adapter serves `app.fetch`. */
export const app = new Hono<{ Bindings?: Bindings }>();

// A Response for each request: its body is read once, and workerd allows none at module level.
app.get('/', () => new Response(hello.body, hello));
app.get('/health', () => new Response(health.body, health));
app.notFound(() => new Response(notFound.body, notFound));
app.onError((error, c) => {
  if ('getResponse' in error) return error.getResponse(); // an HTTPException is an answer
  c.env?.reportError?.(error);
  return new Response(internalServerError.body, internalServerError);
});
