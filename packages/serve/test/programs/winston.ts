import { serve } from '@edge-ping/serve/node';
import { Hono } from 'hono';
import { requestId } from 'hono/request-id';
import winston from 'winston';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service that logs by winston in its handlers, too, and counts what takes long.

const logger = winston.createLogger({
  format: winston.format.json(),
  transports: [new winston.transports.Console()],
});

const service = new Hono();
service.use(requestId());
service.get('/', (c) => {
  logger.info('greeted', { id: c.get('requestId') });
  return c.text('Hello');
});
service.get('/forbidden', (c) => c.text('Forbidden', 403));

const byNodeServer = () => {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    const id = c.res.headers.get('X-Request-Id');
    logger.log(c.res.ok ? 'info' : 'warn', 'request', { id, status: c.res.status });
  });
  app.route('/', service);
  serveByNodeServer(app);
};

const byLibrary = () =>
  serve(service, {
    accessLog({ id, status }) {
      logger.log(status < 400 ? 'info' : 'warn', 'request', { id, status });
    },
  });

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
