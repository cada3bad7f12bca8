/** What an adapter owes a request to one of the routes of test/fixtures/routes.ts. */
export interface Owed {
  /** The response's status; none if the connection is cut before the response is complete. */
  status: number | 'cut';
  body?: string;
  headers?: Record<string, string>;
  /** What the access log has of it. */
  record: { status: number; error: string; bytes_out: number | null };
  /** The messages of the lines that it writes to the error log. */
  errors: string[];
}

/** A request to the fixture app, and what it is owed on each platform. */
export interface AppCase extends Owed {
  method?: string;
  path: string;
  requestBody?: string;
  /** What differs on Workers, and why. */
  onWorkers?: Difference;
  /** What differs on AWS Lambda, and why. */
  onLambda?: Difference;
}

type Difference = Partial<Owed> & { because: string };

const json = { 'content-type': 'application/json' };

/** The 500 of anything that goes wrong in the app: told once, with a message, and not to the client. */
const failure = (error: string) => ({
  status: 500,
  headers: json,
  body: '{"message":"Internal Server Error"}',
  record: { status: 500, error, bytes_out: 35 },
  errors: [error],
});

const success = (body: string, status = 200) => ({
  status,
  headers: {},
  body,
  record: { status, error: '', bytes_out: body.length },
  errors: [],
});

/** A response without a `Content-Length`, whose bytes only Node's server counts. */
const uncounted = (body: string, status = 200) => {
  const record = { status, error: '', bytes_out: null };
  return {
    ...success(body, status),
    onWorkers: { record, because: 'the Worker does not see the length that workerd sends' },
    onLambda: { record, because: 'the record is made before the body is read' },
  };
};

const without = 'a value without a message was thrown';

/** What is thrown, by its name in test/fixtures/routes.ts, and the message that the logs have. */
const thrown: [what: string, message: string][] = [
  ['error', 'thrown: a secret'],
  ['string', 'a thrown string'],
  ['empty-string', 'an empty string was thrown'],
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['bigint', '10'],
  ['symbol', 'Symbol(thrown)'],
  ['null-object', without],
  ['object-with-message', 'of an object'],
  ['revoked', "Cannot perform 'getPrototypeOf' on a proxy that has been revoked"],
  ['message-empty', 'Error'],
  ['message-undefined', 'Error'],
  ['message-null', 'Error: null'],
  ['message-bigint', '10'],
  ['message-circular', '[object Object]'],
  ['message-symbol', 'Symbol(message)'],
  ['message-null-object', without],
  ['message-getter', without],
  ['stack-bigint', 'with a stack of 10n'],
  ['long-message', 'm'.repeat(1_024)],
  ['get-response', 'from getResponse'],
  ['get-no-response', 'a handler returned no Response'],
];

const returned = ['string', 'number', 'object', 'true'];

const invalid = (name: string) => failure(`Invalid character in header content ["${name}"]`);

/** What only Node's server refuses to send. On Workers, Node's client then refuses the response. */
const sentAnyway = (status: number, body: string) => {
  const record = { status, error: '', bytes_out: body === '' ? 0 : null };
  const sent = { record, errors: [] };
  return {
    onWorkers: { status: 'cut' as const, ...sent, because: 'workerd sends a field value as it is' },
    onLambda: {
      status,
      headers: {},
      body,
      ...sent,
      because: "a field value goes to AWS's front end as it is",
    },
  };
};

const corrected = (path: string) => ({
  ...success('plain'),
  record: { status: 200, error: '', bytes_out: path === '/length-short' ? 3 : 9 },
  because: 'the platform sends the length of the body',
});

const workerdStatus =
  'Responses may only be constructed with status codes in the range 200 to 599, inclusive.';
const nodeStatus = 'init["status"] must be in the range of 200 to 599, inclusive.';
const inItsWords = 'its Response refuses it, in its own words';
const badStatus = (status: number) => ({
  ...failure(`status ${status} is not final`),
  onWorkers: { ...failure(workerdStatus), because: inItsWords },
  onLambda: { ...failure(nodeStatus), because: inItsWords },
});

/** A response that is cut because its body fails, when it has sent some bytes of it. */
const cut = (error: string, bytesOut: number) => {
  const unseen = {
    record: { status: 200, error: '', bytes_out: null },
    errors: [],
    because: 'the record is made before the body is read; the platform logs the error by itself',
  };
  return {
    status: 'cut' as const,
    record: { status: 200, error, bytes_out: bytesOut },
    errors: [error],
    onWorkers: unseen,
    onLambda: unseen,
  };
};

/** What the adapters owe to any app. */
export const anyApp: readonly AppCase[] = [
  // Whatever is thrown, by whatever kind of handler.
  ...['/throw', '/reject', '/behind-middleware/throw'].flatMap((route) =>
    thrown.map(([what, error]) => ({ path: `${route}/${what}`, ...failure(error) })),
  ),
  ...['/return', '/return-async'].flatMap((route) =>
    returned.map((what) => ({
      path: `${route}/${what}`,
      ...failure('a handler returned no Response'),
    })),
  ),
  { path: '/teapot', ...uncounted('short and stout', 418) },

  // What the platform refuses to send.
  ...['/header', '/header-async', '/header-stream', '/header-native'].flatMap((route) =>
    ['%01', '%7f', '%1b[31m'].map((value) => ({
      path: `${route}?value=${value}`,
      ...invalid('x-value'),
      ...sentAnyway(200, 'sent'),
    })),
  ),
  {
    path: '/header?value=%C5%82',
    ...failure(
      'Cannot convert argument to a ByteString because the character at index 0 has a value of 322 which is greater than 255.',
    ),
    onWorkers: {
      ...uncounted('sent').onWorkers,
      status: 200,
      body: 'sent',
      headers: {},
      errors: [],
      because: 'workerd encodes the value as UTF-8',
    },
  },
  { path: '/redirect?to=%01', ...invalid('location'), ...sentAnyway(302, '') },
  ...[99, 101, 199, 600, 1_000].flatMap((status) =>
    ['/status', '/status-async'].map((route) => ({
      path: `${route}?code=${status}`,
      ...badStatus(status),
    })),
  ),

  // Bodies of every kind.
  ...[99, 101].map((status) => ({
    path: `/status-native?code=${status}`,
    ...failure(nodeStatus),
    onWorkers: { ...failure(workerdStatus), because: inItsWords },
  })),

  // A length that is not the body's, which would break the next response on the connection.
  ...['/length-long', '/length-short', '/length-stream'].map((path) => ({
    path,
    ...cut(
      `Response body's content-length of 5 byte(s) does not match the content-length of ${path === '/length-short' ? 3 : 9} byte(s) set in header`,
      5,
    ),
    onWorkers: corrected(path),
    onLambda: corrected(path),
  })),

  { path: '/blob', ...uncounted('plain') },
  { path: '/json', ...uncounted('{"plain":true}') },
  { path: '/text', ...uncounted('plain') },
  { path: '/bytes', ...uncounted('plain') },
  { path: '/buffer', ...uncounted('plain') },
  { path: '/native', ...uncounted('plain') },
  { path: '/stream', ...uncounted('plain') },
  { path: '/stream-async', ...uncounted('plain') },
  { path: '/sse', ...uncounted('data: plain\n\n') },
  { path: '/own-nosniff', ...uncounted('plain') },
  { path: '/own-nosniff-plain', ...uncounted('plain') },
  { path: '/no-content', ...success('', 204) },
  { path: '/redirect?to=/x', ...success('', 302), headers: { location: '/x' } },
  { method: 'HEAD', path: '/text', ...success('') },
  { method: 'HEAD', path: '/stream', ...success('') },
  { method: 'POST', path: '/read', requestBody: 'abc', ...uncounted('abc') },
  { method: 'POST', path: '/echo', requestBody: 'abc', ...uncounted('abc') },

  // Bodies that fail once the header is out.
  { path: '/stream-error', ...cut('the source failed: a secret', 5) },
  { path: '/stream-error-async', ...cut('the source failed: a secret', 5) },
  { path: '/stream-error-undefined', ...cut('undefined', 5) },
  { path: '/stream-error-at-once', ...cut('at once', 0) },
  {
    path: '/stream-number',
    ...cut(
      'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array. Received type number (1)',
      0,
    ),
  },
  {
    path: '/stream-locked',
    ...failure('Invalid state: ReadableStream is locked'),
    onWorkers: { ...failure('the body of the response is in use'), because: inItsWords },
    onLambda: { ...failure('the body of the response is in use'), because: inItsWords },
  },

  // What the platform has.
  { path: '/env', ...uncounted('{"FIXTURE":"a value of the platform","shown":false}') },
  { path: '/conn-info', ...uncounted('127.0.0.1') },
  {
    path: '/wait-until',
    ...failure('This context has no ExecutionContext'),
    onWorkers: {
      ...success('later'),
      ...uncounted('later').onWorkers,
      because: 'only Workers have an execution context',
    },
  },
];
