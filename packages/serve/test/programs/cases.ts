import type { Sent } from '@edge-ping/serve-testing/client';

/** A program, and what it is asked. */
export interface Program {
  /** Its file. */
  name: string;
  /** They are sent one after the other, and get the same responses from both servers. */
  requests: Sent[];
  /** Streams of events that are open when the program is told to end, and how each begins. */
  streams?: { request: Sent; begins: string }[];
  /** The lines of the error log that the library owes. */
  errors?: object[];
  /** What the program prints by itself, whatever serves it. */
  prints?: object[];
  /** Whether a logger of its own takes the place of the access log. */
  hasOwnLog?: true;
}

const json = { 'Content-Type': 'application/json' };
const eventStream = { Accept: 'text/event-stream' };

const get = (path: string, headers = {}): Sent => ({ path, headers });
const head = (path: string, headers = {}): Sent => ({ method: 'HEAD', path, headers });
const post = (path: string, body: object, headers = {}): Sent => ({
  method: 'POST',
  path,
  requestBody: JSON.stringify(body),
  headers: { ...json, ...headers },
});

const mcp = { Accept: 'application/json, text/event-stream' };
const session = { 'Mcp-Session-Id': 's1', 'MCP-Protocol-Version': '2025-06-18' };
const tus = { 'Tus-Resumable': '1.0.0' };
const upload = (path: string, offset: number, requestBody: string): Sent => ({
  method: 'PATCH',
  path,
  requestBody,
  headers: {
    ...tus,
    'Upload-Offset': String(offset),
    'Content-Type': 'application/offset+octet-stream',
  },
});
const uploads = (root: string, id: string): Sent[] => [
  { method: 'OPTIONS', path: root },
  { method: 'POST', path: root, headers: { ...tus, 'Upload-Length': '10' } },
  head(`${root}/${id}`, tus),
  upload(`${root}/${id}`, 0, 'first'),
  head(`${root}/${id}`, tus), // how a client finds where to go on
  upload(`${root}/${id}`, 5, 'other'),
  upload(`${root}/${id}`, 3, 'other'),
  head(`${root}/nothing`, tus),
];

/** A program of other requests, whose framework is mounted at /old. */
const mounted = (name: string, more: Sent[], events = ['/old/events']): Program => ({
  name,
  requests: [
    get('/new'),
    get('/old'),
    get('/old?query=1'),
    head('/old'),
    post('/old', { a: 'b' }),
    get('/old/broken'),
    get('/old/nothing'),
    get('/old'),
    ...more,
  ],
  errors: [{ level: 'WARN', uri: '/old/broken', message: 'the app responded with 500' }],
  streams: events.map((path) => ({ request: get(path, eventStream), begins: 'data: a' })),
});

export const programs: Program[] = [
  {
    name: 'trpc',
    requests: [
      get('/trpc/list'),
      head('/trpc/list'),
      get('/trpc/byId?input=%7B%22id%22%3A1%7D'),
      get('/trpc/byId?input=%7B%22id%22%3A2%7D'),
      get('/trpc/byId?input=%7B%7D'),
      get('/trpc/list,byId?batch=1&input=%7B%221%22%3A%7B%22id%22%3A1%7D%7D'),
      post('/trpc/add', { title: 'second' }),
      post('/trpc/add', {}),
      get('/trpc/nothing'),
    ],
    streams: [{ request: get('/trpc/changes', eventStream), begins: 'event: connected' }],
  },
  {
    name: 'graphql',
    requests: [
      get('/graphql?query=%7Bhello(name%3A%22a%22)%7D'),
      post('/graphql', { query: '{ hello(name: "a") }' }),
      post('/graphql', { query: 'mutation { add(a: 1, b: 2) }' }),
      post('/graphql', { query: '{ fail }' }),
      post('/graphql', { query: '{ nothing }' }),
      post('/graphql', { query: '{' }),
      get('/graphql', { Accept: 'text/html' }),
      {
        method: 'OPTIONS',
        path: '/graphql',
        headers: { Origin: 'https://a.example', 'Access-Control-Request-Method': 'POST' },
      },
    ],
    streams: [
      {
        request: get('/graphql?query=subscription%7Bticks%7D', eventStream),
        begins: ':',
      },
    ],
  },
  {
    name: 'mcp',
    requests: [
      get('/mcp', { ...session, ...eventStream }), // too early
      post(
        '/mcp',
        {
          jsonrpc: '2.0',
          id: 1,
          method: 'initialize',
          params: {
            protocolVersion: '2025-06-18',
            capabilities: {},
            clientInfo: { name: 'test', version: '1' },
          },
        },
        mcp,
      ),
      post('/mcp', { jsonrpc: '2.0', method: 'notifications/initialized' }, { ...mcp, ...session }),
      post('/mcp', { jsonrpc: '2.0', id: 2, method: 'tools/list' }, { ...mcp, ...session }),
      post(
        '/mcp',
        {
          jsonrpc: '2.0',
          id: 3,
          method: 'tools/call',
          params: { name: 'add', arguments: { a: 1, b: 2 } },
        },
        { ...mcp, ...session },
      ),
      post('/mcp', { jsonrpc: '2.0', id: 4, method: 'tools/list' }, mcp),
      post('/mcp', { nothing: true }, { ...mcp, ...session, Host: 'evil.example' }),
    ],
    streams: [{ request: get('/mcp', { ...session, ...eventStream }), begins: '' }],
  },
  {
    name: 'openapi',
    requests: [
      get('/doc'),
      get('/tasks/1'),
      head('/tasks/1'),
      get('/tasks/2'),
      get('/tasks/a'),
      post('/tasks', { id: 2, name: 'second' }),
      post('/tasks', { id: 2 }),
      get('/tasks/2'),
      get('/nothing'),
      get('/broken'),
    ],
    errors: [{ level: 'ERROR', message: 'of the handler', method: 'GET', uri: '/broken' }],
  },
  {
    name: 'streams',
    requests: [
      post('/completions', {}),
      get('/text'),
      get('/bytes'),
      head('/text'),
      head('/bytes'),
    ],
    streams: ['/sse', '/source', '/by-hand'].map((path) => ({
      request: get(path, eventStream),
      begins: path === '/sse' ? 'data: token\nid: 0' : 'data: token',
    })),
  },
  mounted('express', [
    get('/old/text'),
    get('/old/text', { 'If-None-Match': 'W/"a"' }),
    get('/old/redirect'),
    get('/old/file'),
    get('/old/file', { Range: 'bytes=0-3' }),
  ]),
  mounted('koa', [get('/old/stream'), get('/old/forbidden')]),
  mounted(
    'fastify',
    [{ method: 'POST', path: '/old', requestBody: '{', headers: json }],
    ['/old/events', '/old/hijacked'],
  ),
  {
    name: 'connect',
    requests: [
      get('/assets/a.css'),
      head('/assets/a.css'),
      get('/'),
      head('/'),
      { method: 'POST', path: '/upload', requestBody: 'x'.repeat(100_000) },
      { method: 'POST', path: '/', requestBody: 'text' },
      get('/nothing'),
    ],
  },
  // Without a GET: undici sometimes closes the stream of the file twice, which ends any server.
  { name: 'tus', requests: [...uploads('/web', 'a'), ...uploads('/node', 'b')] },
  {
    name: 'opentelemetry',
    requests: [get('/'), get('/traced'), post('/traced', { a: 'b' }), get('/broken')],
    errors: [{ level: 'WARN', uri: '/broken', message: 'the app responded with 503' }],
    prints: [
      { span: 'GET', status: 200 },
      { span: 'GET', status: 200 },
      { span: 'inner' },
      { span: 'POST', status: 200 },
      { span: 'GET', status: 503 },
    ],
  },
  {
    name: 'pino',
    requests: [get('/'), get('/health'), get('/broken'), get('/nothing')],
    hasOwnLog: true,
    prints: [
      { level: 30, method: 'GET', uri: '/', status: 200, msg: 'request' },
      {
        level: 50,
        msg: 'of the handler',
        err: { type: 'Error', message: 'of the handler', code: 'E_HANDLER' },
      },
      { level: 30, method: 'GET', uri: '/broken', status: 500, msg: 'request' },
      { level: 30, method: 'GET', uri: '/nothing', status: 404, msg: 'request' },
    ],
  },
  {
    name: 'winston',
    requests: [get('/', { 'X-Request-Id': 'r1' }), get('/forbidden', { 'X-Request-Id': 'r2' })],
    hasOwnLog: true,
    prints: [
      { level: 'info', message: 'greeted', id: 'r1' },
      { level: 'info', message: 'request', id: 'r1', status: 200 },
      { level: 'warn', message: 'request', id: 'r2', status: 403 },
    ],
  },
  {
    name: 'sentry',
    requests: [get('/'), get('/broken'), get('/forbidden'), get('/')],
    prints: [{ type: 'OrderError', value: 'of the handler', hasStack: true }],
    errors: [{ level: 'ERROR', message: 'of the handler', uri: '/broken' }],
  },
];
