import { log, type ServeBindings, watch } from '@edge-ping/serve';
import { upgradeWebSocket } from '@edge-ping/serve/websocket';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';

/** What `c.env` holds: declare your variables, secrets and other bindings here. */
export type Bindings = ServeBindings;

/** The service, which every adapter serves. Not `hono/tiny`: it routes `/health/` as `/health`. */
export const app = new Hono<{ Bindings: Bindings }>();

app.get('/', (c) => c.html('Hello, Docker! <3'));
// no-store: a cached health check says nothing about this server.
app.get('/health', (c) => c.json({ Status: 'OK' }, 200, { 'Cache-Control': 'no-store' }));
app.get('/logged', (c) => {
  log(c).info('seen', { aborted: c.env.shutdown?.aborted });
  c.executionCtx.waitUntil(Promise.resolve());
  return c.text('logged');
});
app.get(
  '/echo',
  upgradeWebSocket(() => ({ onMessage: ({ data }, ws) => ws.send(data) })),
);
app.route('/', watch(new Hono().get('/sub', (c) => c.text('sub'))));
app.notFound((c) => c.json({ message: 'Not Found' }, 404));
app.onError((error, c) => {
  // The message of an HTTPException is for the client below 500; else it is for the log.
  if (error instanceof HTTPException && (error.status < 500 || error.res)) {
    const response = error.getResponse();
    return c.newResponse(response.body, response); // with the header fields that are set already
  }
  const status = error instanceof HTTPException ? error.status : 500;
  return c.json({ message: 'Internal Server Error' }, status);
});
