import { createServer, run, serve } from '@edge-ping/serve/node';
import { serve as serveOther } from '@hono/node-server';
import { Hono } from 'hono';
import { Counter, Registry } from 'prom-client';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service whose metrics have a server of their own.

const registry = new Registry();
const requests = new Counter({
  name: 'http_requests_total',
  help: 'Requests',
  labelNames: ['method', 'status'],
  registers: [registry],
});

const service = new Hono();
service.get('/', (c) => c.text('Hello'));
service.get('/broken', (c) => c.text('not now', 503));

const metrics = new Hono();
metrics.get('/metrics', async (c) =>
  c.text(await registry.metrics(), 200, { 'Content-Type': registry.contentType }),
);

const byNodeServer = () => {
  const app = new Hono();
  app.use(async (c, next) => {
    await next();
    requests.inc({ method: c.req.method, status: c.res.status });
  });
  app.route('/', service);
  serveOther({ fetch: metrics.fetch, port: Number(process.env.METRICS_PORT) });
  serveByNodeServer(app);
};

const byLibrary = async () => {
  const metricsServer = createServer(metrics, { accessLog: false });
  run(metricsServer);
  await metricsServer.listen(Number(process.env.METRICS_PORT));
  serve(service, {
    accessLog: ({ method, status }, write) => {
      requests.inc({ method, status });
      write();
    },
  });
};

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : byNodeServer());
