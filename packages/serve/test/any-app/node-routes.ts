import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { app } from '../fixture/app.ts';

// What an app can do with Node's own objects. Each route is owed what cases.ts says.

const nodeOf = (c: Context): { incoming: IncomingMessage; outgoing: ServerResponse } => c.env;
const bytes = Buffer.from('plain');

/** Resolves once Node has called back; else the response would never come. */
const calledBack = (begin: (callback: () => void) => unknown) =>
  new Promise<void>((resolve) => {
    begin(resolve);
  });

const ways: Record<string, (outgoing: ServerResponse) => unknown> = {
  'set-header-end': (outgoing) => outgoing.setHeader('X-Value', 'raw').end('plain'),
  'status-code-end': (outgoing) => {
    outgoing.setHeader('X-Value', 'raw');
    outgoing.statusCode = 201;
    outgoing.end('plain');
  },
  'write-head-end': (outgoing) =>
    outgoing.setHeader('X-Value', 'raw').writeHead(201, { 'Content-Length': 5 }).end('plain'),
  'write-head-record': (outgoing) =>
    outgoing.writeHead(201, { 'X-Value': 'raw', 'Content-Length': '5' }).end('plain'),
  'write-head-flat': (outgoing) =>
    outgoing.writeHead(201, ['X-Value', 'raw', 'Content-Length', '5']).end('plain'),
  'write-head-entries': (outgoing) =>
    outgoing
      .writeHead(201, [
        ['X-Value', 'raw'],
        ['Content-Length', '5'],
      ] as unknown as string[]) // types know it not
      .end('plain'),
  'write-head-reason': (outgoing) =>
    outgoing.writeHead(201, 'Made', { 'X-Value': 'raw', 'Content-Length': 5 }).end('plain'),
  'write-head-reason-flat': (outgoing) =>
    outgoing.writeHead(201, 'Made', ['X-Value', 'raw', 'Content-Length', '5']).end('plain'),
  'write-head-end-bytes': (outgoing) =>
    outgoing.writeHead(201, { 'X-Value': 'raw', 'Content-Length': 5 }).end(bytes),
  'end-encoding': (outgoing) => outgoing.end(bytes.toString('base64'), 'base64'),
  'end-callback': (outgoing) => calledBack((callback) => outgoing.end('plain', callback)),
  'end-bytes-callback': (outgoing) => calledBack((callback) => outgoing.end(bytes, callback)),
  'set-headers': (outgoing) => outgoing.setHeaders(new Headers({ 'X-Value': 'raw' })).end('plain'),
  'append-header': (outgoing) => outgoing.appendHeader('X-Value', 'raw').end('plain'),
  'end-without-body': (outgoing) => calledBack((callback) => outgoing.end(callback)),
  'write-end': (outgoing) => {
    outgoing.write('pla');
    outgoing.end('in');
  },
  'write-callback-end': async (outgoing) => {
    await calledBack((callback) => outgoing.write('pla', callback));
    await calledBack((callback) => outgoing.write('aW4=', 'base64', callback));
    outgoing.end();
  },
  'write-end-callback': (outgoing) => {
    outgoing.write(bytes);
    return calledBack((callback) => outgoing.end(callback));
  },
  flush: (outgoing) => {
    outgoing.flushHeaders();
    outgoing.end('plain');
  },
  pipe: (outgoing) => Readable.from([bytes]).pipe(outgoing),
  pipeline: (outgoing) => pipeline(Readable.from(['pla', 'in']), outgoing),
};
for (const [what, respond] of Object.entries(ways))
  app.get(`/outgoing/${what}`, async (c) => {
    const { outgoing } = nodeOf(c);
    if (!what.startsWith('write-head')) {
      outgoing.statusCode = 201;
      if (!what.startsWith('set-header') && what !== 'append-header')
        outgoing.setHeader('X-Value', 'raw');
    }
    await respond(outgoing);
    return RESPONSE_ALREADY_SENT;
  });

app.get('/outgoing/fields', (c) => {
  const { outgoing } = nodeOf(c);
  outgoing.setHeader('Connection', 'keep-alive').setHeader('Keep-Alive', 'timeout=1');
  outgoing.setHeader('X-Kept', 'yes').setHeader('Trailer', 'X-Trailer');
  outgoing.writeHead(200, ['Transfer-Encoding', 'chunked', 'Upgrade', 'h2c', 'TE', 'trailers']);
  outgoing.end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/status-message', (c) => {
  const { outgoing } = nodeOf(c);
  outgoing.statusCode = 201;
  outgoing.statusMessage = 'Made';
  outgoing.end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/early-hints', (c) => {
  nodeOf(c).outgoing.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
  return c.text('plain');
});
// @hono/node-server sends such a Response each time, but one of a stream once.
const sentAgain: Record<string, Response> = {};
const bodies: Record<string, () => string | Blob | ReadableStream> = {
  text: () => 'plain',
  blob: () => new Blob(['plain']),
  stream: () => new Blob(['plain']).stream(),
};
app.get('/again/:type', (c) => {
  const type = c.req.param('type');
  sentAgain[type] ??= new Response(bodies[type]?.());
  return sentAgain[type];
});
const closing = { Connection: 'close' };
app.get('/closes/text', (c) => c.text('plain', 200, closing));
app.get('/closes/stream', (c) => c.body(new Blob(['plain']).stream(), 200, closing));
app.get('/closes/headers', () => new Response('plain', { headers: new Headers(closing) }));
app.get('/closes/list', (c) => c.text('plain', 200, { Connection: 'X-Own, Close' }));
app.get('/closes/outgoing', (c) => {
  nodeOf(c).outgoing.setHeader('Connection', 'close').end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/kept-alive', (c) => {
  nodeOf(c).outgoing.setHeader('Connection', 'keep-alive').end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/error-behind-fields', (c) => {
  nodeOf(c)
    .outgoing.setHeader('Connection', 'keep-alive')
    .setHeader('Transfer-Encoding', 'chunked');
  throw new Error('thrown: a secret');
});
app.get('/outgoing/twice', (c) => {
  const { outgoing } = nodeOf(c);
  const fields = ['X-Value', 'one', 'Set-Cookie', 'a=1', 'X-Value', 'two', 'Set-Cookie', 'b=2'];
  outgoing.writeHead(200, fields).end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/bad-value', (c) => {
  nodeOf(c).outgoing.writeHead(200, { 'X-Value': 'a\r\nb' }).end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/bad-value-flat', (c) => {
  nodeOf(c).outgoing.writeHead(200, ['X-Value', 'a\r\nb']).end('plain');
  return RESPONSE_ALREADY_SENT;
});
app.get('/outgoing/bad-status', (c) => {
  nodeOf(c).outgoing.writeHead(1_000).end('plain');
  return RESPONSE_ALREADY_SENT;
});

// Bodies and Responses of other classes.
const untyped: { get(path: string, handler: unknown): unknown } = app;
untyped.get('/other-stream/get-reader', () => {
  const reader = new Response(bytes).body?.getReader();
  const stream = { locked: false, getReader: () => reader, cancel: () => reader?.cancel() };
  return new Response(stream as unknown as ReadableStream);
});
untyped.get('/other-stream/of-node', () => ({
  status: 200,
  headers: new Headers(),
  body: Readable.from([bytes]), // as node-fetch has it
}));

const loadUndici = () => import('undici'); // which takes a fifth of the time of a start
untyped.get('/undici/text', async () => {
  const { Response } = await loadUndici();
  const headers = { 'X-Kind': 'undici' };
  return new Response('plain', { status: 201, headers });
});
untyped.get('/undici/json', async () => (await loadUndici()).Response.json({ plain: true }));
untyped.get('/undici/cookies', async () => {
  const { Response } = await loadUndici();
  const headers: [string, string][] = [
    ['Set-Cookie', 'a=1'],
    ['Set-Cookie', 'b=2'],
  ];
  return new Response('plain', { headers });
});
untyped.get('/undici/fetch', async () => (await loadUndici()).fetch(process.env.UPSTREAM ?? ''));

// The request's own events.
let closed = 0;
app.use('/incoming/*', async (c, next) => {
  nodeOf(c).incoming.once('close', () => {
    closed += 1;
  });
  await next();
});
app.all('/incoming/end', async (c) => {
  const { incoming } = nodeOf(c);
  await once(incoming.resume(), 'end');
  return c.text('plain');
});
app.get('/incoming/async-iteration', async (c) => {
  for await (const chunk of nodeOf(c).incoming) throw new Error(`a chunk: ${chunk}`);
  return c.text('plain');
});
app.get('/incoming/to-array', async (c) => {
  const chunks = await nodeOf(c).incoming.toArray();
  return c.text(chunks.length === 0 ? 'plain' : 'chunks');
});
app.get('/incoming/closed', (c) => c.text(`closed ${closed}`));
