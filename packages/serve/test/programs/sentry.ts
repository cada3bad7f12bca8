import { serve } from '@edge-ping/serve/node';
import * as Sentry from '@sentry/node';
import { Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service whose errors go to Sentry. Its transport says on stdout what it would send.

Sentry.init({
  dsn: 'https://key@example.com/1',
  transport: (options) =>
    Sentry.createTransport(options, async ({ body }) => {
      for (const line of String(body).split('\n')) {
        const { exception } = JSON.parse(line);
        if (exception)
          for (const { type, value, stacktrace } of exception.values)
            console.log(JSON.stringify({ type, value, hasStack: stacktrace.frames.length > 0 }));
      }
      return { statusCode: 200 };
    }),
});

class OrderError extends Error {
  override name = 'OrderError';
}

const service = new Hono();
service.get('/', (c) => c.text('Hello'));
service.get('/broken', () => {
  throw new OrderError('of the handler');
});
service.get('/forbidden', () => {
  throw new HTTPException(403, { message: 'not for you' });
});

const byNodeServer = () => {
  service.onError((error, c) => {
    if (error instanceof HTTPException) {
      const response = error.getResponse();
      return c.newResponse(response.body, response);
    }
    Sentry.captureException(error);
    return c.json({ message: 'Internal Server Error' }, 500);
  });
  serveByNodeServer(service);
};

const byLibrary = () =>
  serve(service, {
    errorLog(_, write, thrown) {
      write();
      if (thrown instanceof Error) Sentry.captureException(thrown);
    },
    onShutdown: () => Sentry.close(1_000),
  });

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
