import { send } from '@edge-ping/serve-testing/client';
import { events } from '@edge-ping/serve-testing/lambda';
import { Hono } from 'hono';
import { Hono as TinyHono } from 'hono/tiny';
import { expect, test } from 'vitest';
import { watch } from '../../src/index.ts';
import { createServer } from '../../src/node/serve.ts';
import { lambda } from '../../src/web/lambda.ts';
import { worker } from '../../src/web/workers.ts';

const made = (app = new Hono()) =>
  app.get('/', (c) => c.text('shown', 200, { 'X-Method': c.req.method }));

/** An app with a wrapper around its `fetch`, as instruments of tracing set one. */
const wrapped = (
  wrap: (fetch: Hono['fetch'], request: Request) => Promise<Response> | Response,
) => {
  const app = made();
  const { fetch } = app;
  app.fetch = (...[request, ...rest]) =>
    wrap((...[handed = request]) => fetch(handed, ...rest), request);
  return app;
};

const head = () => new Request('http://h/', { method: 'HEAD' });

const executionCtx = { waitUntil() {}, passThroughOnException() {}, props: {} };

/** What a server responds to HEAD. */
const served = async (app: Hono): Promise<Response> => {
  const server = createServer(app, { accessLog: false });
  const { port } = await server.listen(0, '127.0.0.1');
  const response = await fetch(`http://127.0.0.1:${port}/`, { method: 'HEAD' });
  await server.close();
  return response;
};

test.each([
  ['an app', made(), 'HEAD'],
  ['an app of hono/tiny', made(new TinyHono()), 'HEAD'],
  ['an app with a base path', made().basePath('/'), 'HEAD'],
  [
    'an app with a getPath',
    made(new Hono({ getPath: ({ url }) => new URL(url).pathname })),
    'HEAD',
  ],
  [
    'a wrapper that reads the method',
    wrapped((fetch, request) =>
      request.method === 'OPTIONS' ? new Response(null, { status: 204 }) : fetch(request),
    ),
    'HEAD',
  ],
  [
    'a wrapper that waits',
    wrapped(async (fetch, request) => {
      await Promise.resolve();
      return fetch(request);
    }),
    'HEAD',
  ],
  // Where the library can't say when Hono has looked, it stays with GET.
  [
    'an app that wraps another one',
    Object.create(made(), { fetch: { value: made().fetch, writable: true } }),
    'GET',
  ],
])('%s has the length of GET, and sees %3$s', async (_, app, method) => {
  const server = createServer(app);
  const { port } = await server.listen(0, '127.0.0.1');
  const url = `http://127.0.0.1:${port}`;
  const fields = { 'x-method': method, 'content-length': '5' };
  expect(await send(url, { method: 'HEAD', path: '/' })).toMatchObject({
    status: 200,
    headers: fields,
    body: '',
  });
  expect(await send(url, { path: '/' })).toMatchObject({
    headers: { ...fields, 'x-method': 'GET' },
    body: 'shown',
  });
  await server.close();
});

test.each<[string, (app: Hono) => Promise<Response>]>([
  ['a server', (app) => served(app)],
  ['a Worker', (app) => worker(app).fetch(head(), {}, executionCtx)],
  [
    'a function of Lambda',
    async (app) => {
      const { headers } = await lambda(app)(Object(events['2.0']({ method: 'HEAD', path: '/' })));
      return new Response(null, { headers: Object(headers) });
    },
  ],
])(
  'a wrapper that hands on a copy responds to HEAD as Hono does, and sees it, in %s',
  async (_, ask) => {
    const app = wrapped((fetch, request) => fetch(new Request(request)));
    expect((await ask(app)).headers.get('X-Method')).toBe('HEAD');
  },
);

test('a watched app that is not served responds to HEAD as Hono does', async () => {
  const head = await watch(made()).request('/', { method: 'HEAD' });
  expect(head.headers.get('X-Method')).toBe('HEAD');
  expect(await head.text()).toBe('');
});

test('a HEAD that a handler makes has no body, either', async () => {
  const inner = watch(made());
  const outer = new Hono().get('/', async (c) => {
    const request = new Request('http://h/', { method: 'HEAD' });
    const response = await inner.fetch(request, c.env, c.executionCtx);
    return c.text(`${response.headers.get('X-Method')}: ${await response.text()}`);
  });
  const server = createServer(outer);
  const { port } = await server.listen(0, '127.0.0.1');
  expect((await send(`http://127.0.0.1:${port}`, { path: '/' })).body).toBe('HEAD: ');
  await server.close();
});
