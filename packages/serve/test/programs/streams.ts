import { serve } from '@edge-ping/serve/node';
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { Hono } from 'hono';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { type Kind, serveByNodeServer } from './serving.ts';

// An LLM gateway: streams of events in each of the ways that people write them.

const app = new Hono<{ Bindings: HttpBindings }>();

app.get('/sse', (c) =>
  streamSSE(c, async (events) => {
    let isOpen = true;
    events.onAbort(() => {
      isOpen = false;
    });
    for (let id = 0; isOpen; id += 1) {
      await events.writeSSE({ id: String(id), data: 'token' });
      await events.sleep(50);
    }
  }),
);
app.get('/source', (c) => {
  let timer: NodeJS.Timeout;
  const source = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('data: token\n\n'));
      timer = setInterval(
        () => controller.enqueue(new TextEncoder().encode('data: token\n\n')),
        50,
      );
    },
    cancel: () => clearInterval(timer),
  });
  return c.body(source, 200, { 'Content-Type': 'text/event-stream' });
});
app.get('/by-hand', (c) => {
  const { incoming, outgoing } = c.env;
  outgoing.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  const timer = setInterval(() => outgoing.write('data: token\n\n'), 50);
  outgoing.write('data: token\n\n');
  incoming.on('close', () => clearInterval(timer));
  return RESPONSE_ALREADY_SENT;
});
app.post('/completions', (c) =>
  streamSSE(c, async (events) => {
    for (const word of ['one', 'two', 'three']) await events.writeSSE({ data: word });
    await events.writeSSE({ data: '[DONE]' });
  }),
);
app.get('/text', (c) =>
  streamText(c, async (text) => {
    await text.writeln('one');
    await text.sleep(5);
    await text.write('two');
  }),
);
app.get('/bytes', (c) =>
  stream(c, async (bytes) => {
    c.header('Content-Type', 'application/octet-stream');
    await bytes.write(new Uint8Array([1, 2, 3]));
  }),
);

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
