import { serve } from '@edge-ping/serve/node';
import { Hono } from 'hono';
import { pino } from 'pino';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service whose logs are pino's, without those of its health checks.

const logger = pino({ base: null, timestamp: false });

const service = new Hono();
service.get('/', (c) => c.text('Hello'));
service.get('/health', (c) => c.json({ status: 'ok' }));
service.get('/broken', () => {
  throw Object.assign(new Error('of the handler'), { code: 'E_HANDLER' });
});

const byNodeServer = () => {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    if (c.req.path === '/health') return;
    logger.info({ method: c.req.method, uri: c.req.path, status: c.res.status }, 'request');
  });
  app.onError((error, c) => {
    logger.error(error);
    return c.json({ message: 'Internal Server Error' }, 500);
  });
  app.route('/', service);
  serveByNodeServer(app);
};

const byLibrary = () =>
  serve(service, {
    accessLog({ method, uri, status }) {
      if (uri !== '/health') logger.info({ method, uri, status }, 'request');
    },
    errorLog(record, write, thrown) {
      if (thrown instanceof Error) logger.error(thrown);
      else write(record);
    },
  });

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
