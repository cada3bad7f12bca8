import type { Case } from '@edge-ping/serve-testing/cases';
import { contract } from '../../../../test/contract.ts';

/** A case, as the lists of this file name it. */
export const nameOf = ({ method, path }: Case): string => `${method} ${path}`;

/** A change that a user may make to a service, and what it does to the tests. */
export interface Change {
  name: string;
  /** The edits, by file: each replaces all that is like the first text with the second. */
  edits: Record<string, [from: string, to: string][]>;
  /** The cases of the contract that then fail, on every target. No other test fails. */
  fails: string[];
  /** Whether it is tried on Workers, too: one of each kind, and what differs there. */
  onWorkers?: true;
  /** Those that then fail on Workers only. */
  failsOnWorkers?: string[];
}

const firstImport = "import { Hono } from 'hono';";
const firstRoute = "app.get('/', ";
const notFound = 'app.notFound(';

/** Lets all requests through a middleware of Hono's. */
const middleware = (module: string, call: string, fails: string[] = []): Change => ({
  name: `app.use(${call})`,
  edits: {
    'src/app.ts': [
      [firstImport, `${firstImport}\nimport { ${call.replace(/\(.*/, '')} } from '${module}';`],
      [firstRoute, `app.use(${call});\n${firstRoute}`],
    ],
  },
  fails,
});

const move: [string, string] = [firstRoute, "app.get('/hello', "];
const greet: [string, string] = ['Hello, Docker! <3', 'Hello, World!'];

/** The changes of the app alone. `npm test` has the template without a change. */
export const appChanges: readonly Change[] = [
  {
    name: "app.get('/:slug')",
    onWorkers: true,
    edits: {
      'src/app.ts': [
        [notFound, `app.get('/:slug', (c) => c.text(c.req.param('slug')));\n${notFound}`],
      ],
    },
    fails: [
      'GET /Health',
      'GET /healthz',
      'GET /index.html',
      'GET /favicon.ico',
      'GET /%zz',
      'HEAD /nope',
    ],
  },
  // Requests that change something, as a form of another site could send them, get 403.
  middleware(
    'hono/csrf',
    'csrf()',
    ['/', '/health'].flatMap((path) =>
      ['POST', 'PUT', 'PATCH', 'DELETE'].map((method) => `${method} ${path}`),
    ),
  ),
  // It responds to OPTIONS by itself.
  middleware('hono/cors', 'cors()', ['OPTIONS /', 'OPTIONS /health']),
  // workerd compresses once more what says that it is compressed. Cloudflare compresses by itself:
  // https://hono.dev/docs/middleware/builtin/compress
  {
    ...middleware('hono/compress', 'compress()'),
    onWorkers: true,
    failsOnWorkers: contract.filter(({ body }) => body !== '').map(nameOf),
  },
  middleware('hono/secure-headers', 'secureHeaders()'),
  middleware('hono/etag', 'etag()'),
  middleware('hono/body-limit', 'bodyLimit({ maxSize: 100_000 })'),
  middleware('hono/timeout', 'timeout(5_000)'),
  middleware('hono/request-id', 'requestId()'),
  middleware('hono/context-storage', 'contextStorage()'),
  {
    name: 'another greeting',
    onWorkers: true,
    edits: { 'src/app.ts': [greet] },
    fails: ['GET /', 'GET /?a=1&b=%20'],
  },
  {
    name: '/ moved to /hello',
    edits: { 'src/app.ts': [move] },
    fails: ['GET /', 'HEAD /', 'GET /?a=1&b=%20'],
  },
];
