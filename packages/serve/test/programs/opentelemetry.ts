import { createRequire } from 'node:module';
import { serve } from '@edge-ping/serve/node';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { SimpleSpanProcessor, type SpanExporter, TracerProvider } from '@opentelemetry/sdk-trace';
import { Hono } from 'hono';
import { type Kind, serveByNodeServer } from './serving.ts';

// A service that is traced from Node's own server on. Its exporter says on stdout what it would send.

const exporter: SpanExporter = {
  export(spans, done) {
    for (const { name, attributes } of spans)
      console.log(JSON.stringify({ span: name, status: attributes['http.response.status_code'] }));
    done({ code: 0 });
  },
  shutdown: async () => {},
};
context.setGlobalContextManager(new AsyncLocalStorageContextManager());
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }),
);
registerInstrumentations({ instrumentations: [new HttpInstrumentation()] });
createRequire(import.meta.url)('node:http'); // is instrumented now; --import does it otherwise

const traceId = () => trace.getActiveSpan()?.spanContext().traceId;

const app = new Hono();
app.get('/', (c) => c.text('Hello'));
app.get('/traced', (c) => c.json({ isTraced: trace.getActiveSpan() !== undefined }));
app.post('/traced', async (c) => {
  const before = trace.getActiveSpan();
  const body = await c.req.text();
  const kept = before !== undefined && before === trace.getActiveSpan();
  return trace.getTracer('app').startActiveSpan('inner', (span) => {
    span.end();
    return c.json({ body, kept });
  });
});
app.all('/trace-id', async (c) => {
  await c.req.text();
  return c.text(traceId() ?? '');
});
app.get('/broken', (c) => c.text('not now', 503));

const byLibrary = () =>
  serve(app, {
    accessLog: (record, write) => write({ ...record, trace_id: traceId() }),
  });

export const start = (kind: Kind) => (kind === 'library' ? byLibrary() : serveByNodeServer(app));
