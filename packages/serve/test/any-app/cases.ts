/** What an adapter owes a request to one of the routes of routes.ts. */
export interface Owed {
  /** The response's status; none if the connection is cut before the response is complete. */
  status: number | 'cut';
  body?: string;
  headers?: Record<string, string>;
  /** What the access log has of it. A pattern stands for words of the platform's own. */
  record: { status: number; error: string | RegExp; bytes_out: number | null };
  /** Whether the error log has a line with the error of the record. */
  isTold: boolean;
}

/** A request to the fixture app, and what it is owed on each platform. */
export interface AppCase extends Owed {
  method?: string;
  path: string;
  requestBody?: string;
  requestHeaders?: Record<string, string>;
  /** What differs on Workers, and why. */
  onWorkers?: Difference;
  /** What differs on AWS Lambda, and why. */
  onLambda?: Difference;
}

type Difference = Partial<Owed> & { because: string };

const json = { 'content-type': 'application/json' };

const unseenLength = 'its adapter does not see the length that the platform sends';

/** What a response without a `Content-Length` is owed: only Node's server counts its bytes. */
const uncounted = <O extends Owed>(owed: O) => {
  const difference = { record: { ...owed.record, bytes_out: null }, because: unseenLength };
  return { ...owed, onWorkers: difference, onLambda: difference };
};

/** The 500 of anything that goes wrong in the app: told once, with a message, and not to the client. */
const failure = (error: string | RegExp) =>
  uncounted({
    status: 500,
    headers: json,
    body: '{"message":"Internal Server Error"}',
    record: { status: 500, error, bytes_out: 35 },
    isTold: true,
  });

const success = (body: string, status = 200) => ({
  status,
  headers: {},
  body,
  record: { status, error: '', bytes_out: body.length },
  isTold: false,
});

const text = (body: string, status?: number) => uncounted(success(body, status));

/** What Hono would decode with an exception for each escape. */
const costly = {
  status: 400,
  headers: json,
  body: '{"message":"Bad Request"}',
  record: { status: 400, error: 'too many malformed percent-escapes', bytes_out: 25 },
  isTold: false,
};
const malformed = (count: number) => '%ff'.repeat(count);

/** Words of the platform's own, or of V8's. */
const itsWords = /./;

const without = 'a value without a message was thrown';

/** What is thrown, by its name in routes.ts, and the message that the logs have. */
const thrown: [what: string, message: string | RegExp][] = [
  ['error', 'thrown: a secret'],
  ['string', 'a thrown string'],
  ['empty-string', 'an empty string was thrown'],
  ['undefined', 'undefined'],
  ['null', 'null'],
  ['bigint', '10'],
  ['symbol', 'Symbol(thrown)'],
  ['null-object', without],
  ['object-with-message', 'of an object'],
  ['revoked', itsWords],
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
  ['get-response', 'its response throws'],
  ['get-no-response', 'it has no response'],
];

const returned = ['string', 'number', 'object', 'true'];

/** What only Node's server refuses to send. On Workers, Node's client then refuses the response. */
const sentAnyway = (status: number, body: string) => {
  const sent = {
    ...success(body, status),
    record: { status, error: '', bytes_out: body ? null : 0 },
  };
  return {
    onWorkers: { ...sent, status: 'cut' as const, because: 'workerd sends a field value as it is' },
    onLambda: { ...sent, because: "a field value goes to AWS's front end as it is" },
  };
};

const corrected = (path: string) => ({
  ...success('plain'),
  record: { status: 200, error: '', bytes_out: path === '/length-short' ? 3 : 9 },
  because: 'the platform sends the length of the body',
});

/** A response that is cut because its body fails, when it has sent some bytes of it. */
const cut = (error: string | RegExp, bytesOut: number) => {
  const unseen = {
    record: { status: 200, error: '', bytes_out: null },
    isTold: false,
    because: 'the record is made before the body is read; the platform logs the error by itself',
  };
  return {
    status: 'cut' as const,
    record: { status: 200, error, bytes_out: bytesOut },
    isTold: true,
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
  {
    path: '/teapot',
    ...uncounted({
      ...success('short and stout', 418),
      record: { status: 418, error: 'short and stout', bytes_out: 15 },
    }),
  },

  // What the platform refuses to send.
  ...['/header', '/header-async', '/header-stream', '/header-native'].flatMap((route) =>
    ['%01', '%7f', '%1b[31m'].map((value) => ({
      path: `${route}?value=${value}`,
      ...failure(itsWords),
      ...sentAnyway(200, 'sent'),
    })),
  ),
  {
    path: '/header?value=%C5%82',
    ...failure(itsWords),
    onWorkers: {
      ...text('sent').onWorkers,
      ...success('sent'),
      record: { status: 200, error: '', bytes_out: null },
      because: 'workerd encodes the value as UTF-8',
    },
  },
  { path: '/redirect?to=%01', ...failure(itsWords), ...sentAnyway(302, '') },
  ...[99, 101, 199, 600, 1_000].flatMap((status) =>
    ['/status', '/status-async'].map((route) => ({
      path: `${route}?code=${status}`,
      ...failure(itsWords),
    })),
  ),
  ...[99, 101].map((status) => ({ path: `/status-native?code=${status}`, ...failure(itsWords) })),

  // A length that is not the body's, which would break the next response on the connection.
  ...['/length-long', '/length-short', '/length-stream'].map((path) => ({
    path,
    ...cut(itsWords, 5),
    onWorkers: corrected(path),
    onLambda: corrected(path),
  })),

  { path: '/blob', ...text('plain') },
  { path: '/json', ...text('{"plain":true}') },
  { path: '/text', ...text('plain') },
  { path: '/bytes', ...text('plain') },
  { path: '/buffer', ...text('plain') },
  { path: '/native', ...text('plain') },
  { path: '/stream', ...text('plain') },
  { path: '/stream-async', ...text('plain') },
  { path: '/sse', ...text('data: plain\n\n') },
  { path: '/own-nosniff', ...text('plain') },
  { path: '/own-nosniff-plain', ...text('plain') },
  { path: '/no-content', ...success('', 204) },
  { path: '/redirect?to=/x', ...success('', 302), headers: { location: '/x' } },
  ...['/text', '/stream', '/blob', '/native', '/buffer'].map((path) => ({
    method: 'HEAD',
    path,
    ...success(''),
  })),
  { method: 'POST', path: '/read', requestBody: 'abc', ...text('abc') },
  { method: 'POST', path: '/echo', requestBody: 'abc', ...text('abc') },

  // Percent-escapes that Hono would decode with an exception for each.
  { path: `/param/${malformed(17)}`, ...uncounted(costly) },
  { path: `/query?a=${malformed(17)}`, ...uncounted(costly) },
  { path: '/cookie', requestHeaders: { cookie: `a=${malformed(17)}` }, ...uncounted(costly) },
  { path: `/param/${malformed(16)}`, ...text(malformed(16)) },
  { path: `/query?a=${malformed(16)}`, ...text(JSON.stringify({ a: malformed(16) })) },
  {
    path: '/cookie',
    requestHeaders: { cookie: `a=${malformed(16)}` },
    ...text(JSON.stringify({ a: malformed(16) })),
  },
  { path: `/param/${'%41'.repeat(300)}`, ...text('A'.repeat(300)) },

  // Bodies that fail once the header is out.
  { path: '/stream-error', ...cut('the source failed: a secret', 5) },
  { path: '/stream-error-async', ...cut('the source failed: a secret', 5) },
  { path: '/stream-error-undefined', ...cut('undefined', 5) },
  { path: '/stream-error-at-once', ...cut('at once', 0) },
  { path: '/stream-number', ...cut(itsWords, 0) },
  { path: '/stream-locked', ...failure(itsWords) },

  // What the platform has.
  { path: '/env', ...text('{"FIXTURE":"a value of the platform","shown":false}') },
  { path: '/conn-info', ...text('127.0.0.1') },
  { path: '/wait-until', ...text('later') },
];
