/** What an adapter owes a request to one of the routes of routes.ts. */
export interface Owed {
  /** The response's status; none if the connection is cut before the response is complete. */
  status: number | 'cut';
  body?: string | RegExp;
  /** Header fields; null stands for one that is not there. */
  headers?: Record<string, string | RegExp | null>;
  /** What the access log has of it. A pattern stands for words of the platform's own. */
  record: { status: number; error: string | RegExp; bytes_out?: number | null };
  /** Whether the error log has a line of this request. */
  isTold: boolean;
  /** The message of that line, if it is not the error of the record. */
  told?: string | RegExp;
}

/** A request to the fixture app, and what it is owed on each platform. */
export interface AppCase extends Owed {
  method?: string;
  path: string;
  requestBody?: string;
  requestHeaders?: Record<string, string>;
  /** The record's id; that of a response with X-Request-Id is always the same. */
  id?: string | RegExp;
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
const failure = (error: string | RegExp) => {
  const difference = {
    record: { status: 500, error },
    because: 'the app may make it, or the library',
  };
  return {
    status: 500,
    headers: json,
    body: '{"message":"Internal Server Error"}',
    record: { status: 500, error, bytes_out: 35 },
    isTold: true,
    onWorkers: difference,
    onLambda: difference,
  };
};

const success = (body: string, status = 200) => ({
  status,
  headers: {},
  body,
  record: { status, error: '', bytes_out: body.length },
  isTold: false,
});

const text = (body: string, status?: number) => uncounted(success(body, status));

/** What an app finds in the execution context. */
const executionContext = text('{"props":{},"members":[]}');

/** What Hono would decode with an exception for each run of escapes. */
const costly = {
  status: 400,
  headers: json,
  body: '{"message":"Bad Request"}',
  record: { status: 400, error: 'too many malformed percent-escapes', bytes_out: 25 },
  isTold: false,
};
const malformed = (count: number) => '%ff-'.repeat(count);

/** Words of the platform's own, or of V8's. */
const itsWords = /./;

/** What is owed where the platform's own Response refuses what Node's server corrects. */
const refusedByResponse = (because: string) => {
  const { onWorkers, onLambda, ...owed } = failure(itsWords);
  return {
    onWorkers: { ...owed, ...onWorkers, because },
    onLambda: { ...owed, ...onLambda, because },
  };
};

const noConnectionFields = {
  connection: /^close$/, // the client's wish
  'keep-alive': null,
  'proxy-connection': null,
  te: null,
  trailer: null,
  upgrade: null,
};

const { 'proxy-connection': _, ...ofTheStandard } = noConnectionFields;

/** What a response is owed whose fields of the connection are the server's. */
const unconnected = <O extends AppCase>(owed: O): AppCase => ({
  ...owed,
  headers: noConnectionFields,
  onWorkers: {
    because: 'workerd takes off all but this one, which is of no standard',
    ...owed.onWorkers,
    headers: ofTheStandard,
  },
  onLambda: {
    because: 'a function knows no connection',
    ...owed.onLambda,
    headers: { ...noConnectionFields, connection: null },
  },
});

/** An id that Hono's requestId() makes. */
const madeId = /^[\da-f-]{36}$/;

const fetched = {
  ...success('plain'),
  headers: { 'x-upstream': 'yes', 'content-type': 'text/css' },
  record: { status: 200, error: '' },
};

const without = 'a value without a message was thrown';

/** What is thrown, by its name in routes.ts, and the message that the logs have. */
const thrown: [what: string, reason: string | RegExp, message?: string][] = [
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
  // The record has the innermost reason, the error log what was thrown.
  ['caused', 'inner', 'outer'],
  ['caused-by-string', 'a string', 'outer'],
  ['caused-by-empty-string', 'an empty string was thrown', 'outer'],
  ['caused-by-null', 'outer'],
  ['caused-by-itself', 'outer'],
  ['caused-deeply', 'level 991', 'level 999'], // eight causes are followed
  ['cause-getter', 'outer'],
  ['aggregate', 'first', 'outer'],
  ['aggregate-of-none', 'outer'],
  ['errors-revoked', 'outer'],
  ['errors-with-getter', 'outer'],
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
  // Whatever is thrown, by whatever kind of handler: the first few by each kind, the others by one.
  ...thrown.flatMap(([what, reason, told], index) =>
    ['/throw', '/reject', '/behind-middleware/throw']
      .filter((_, kind) => index < 4 || index % 3 === kind)
      .map((route) => ({ path: `${route}/${what}`, ...failure(reason), ...(told && { told }) })),
  ),
  ...['/return', '/return-async'].flatMap((route) =>
    returned.map((what) => ({
      path: `${route}/${what}`,
      ...failure('a handler returned no Response'),
    })),
  ),
  // By middlewares and exceptions of Hono's.
  {
    path: '/throw/exception',
    ...failure('the cause'),
    told: 'a secret',
  },
  {
    path: '/throw/exception-with-response',
    ...uncounted({
      ...success('its own', 503),
      headers: { 'retry-after': '5' },
      record: { status: 503, error: 'a secret', bytes_out: 7 },
      isTold: true,
    }),
  },
  {
    path: '/timeout',
    ...uncounted({
      ...failure('Gateway Timeout'),
      status: 504,
      record: { status: 504, error: 'Gateway Timeout', bytes_out: 35 },
    }),
  },
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

  // A Response of another class.
  ...['/other', '/other-async', '/other-behind'].flatMap((route) =>
    ['iterable', 'string', 'bytes', 'buffer', 'blob', 'record', 'entries', 'map'].map((what) => ({
      path: `${route}/${what}`,
      ...text('plain'),
      headers: {
        'x-kind': 'other',
        ...(route === '/other-behind' && { 'x-behind': 'a middleware' }),
      },
    })),
  ),
  ...['/other', '/other-async', '/other-behind'].flatMap((route) => [
    { path: `${route}/stream`, ...text('plain', 201), headers: { 'x-kind': 'other' } },
    { path: `${route}/null`, ...success('', 204), headers: { 'x-kind': 'other' } },
  ]),
  { method: 'HEAD', path: '/other/stream', ...success('', 201), headers: { 'x-kind': 'other' } },
  { path: '/response-error', ...failure(itsWords) },
  { path: '/response-error-async', ...failure(itsWords) },
  { path: '/response-json', ...text('{"plain":true}'), headers: json },
  { path: '/response-redirect', ...success('', 303), headers: { location: 'http://h/x' } },

  // The fields of the connection are the server's.
  ...['text', 'text-async', 'stream', 'headers', 'entries', 'buffer', 'blob', 'gzip', 'lower'].map(
    (what) => unconnected({ path: `/fields/${what}`, ...text('plain') }),
  ),
  ...['text', 'headers', 'buffer', 'blob'].map((what) => ({
    path: `/fields/${what}?kept`,
    ...text('plain'),
    headers: { 'x-kept': 'yes' },
  })),
  unconnected({ path: '/fields/no-content', ...success('', 204) }),
  {
    path: '/fields/upgrade-required',
    ...success('plain', 426),
    headers: { upgrade: 'h2c' },
    onWorkers: {
      headers: {},
      record: { status: 426, error: '', bytes_out: null },
      because: 'workerd sends no Upgrade',
    },
    onLambda: { record: { status: 426, error: '', bytes_out: null }, because: unseenLength },
  },

  { path: '/ws/echo', ...text('{"message":"Not Found"}', 404) },

  // Of a length, only digits are sent.
  ...['', 'abc', '-5', '%2B5', '5.0', '5e0', '0x5', '5,%205', '5%205', '5;'].map((value) => ({
    path: `/length?is=${value}`,
    ...text('plain'),
  })),
  { path: '/length?is=5', ...success('plain') },
  { path: '/length-twice', ...text('plain') },
  { path: '/length-empty', ...success('', 204), headers: { 'content-length': null } },
  { path: '/length-not-modified', ...success('', 304) },
  ...['/no-content-text', '/no-content-stream'].map((path) => ({
    path,
    ...success('', 204),
    headers: { 'content-length': null, 'transfer-encoding': null },
    ...refusedByResponse("the platform's Response refuses a body with 204"),
  })),
  {
    path: '/not-modified-text',
    ...success('', 304),
    ...refusedByResponse("the platform's Response refuses a body with 304"),
  },

  // Header fields that break the line.
  ...['record', 'entries', 'headers', 'map'].flatMap((kind) =>
    ['sync', 'async', 'stream', 'buffer', 'error'].flatMap((how) => [
      { path: `/header-${kind}/${how}?value=a%0d%0aX-Forged:%20b`, ...failure(itsWords) },
      { path: `/header-${kind}/${how}?value=a%0ab`, ...failure(itsWords) },
      { path: `/header-${kind}/${how}?value=a%00b`, ...failure(itsWords) },
    ]),
  ),
  ...['record', 'entries', 'headers', 'map'].flatMap((kind) =>
    ['sync', 'async', 'stream', 'buffer'].map((how) => ({
      path: `/header-${kind}/${how}?value=kept`,
      ...text('sent'),
      headers: { 'x-value': 'kept' },
    })),
  ),
  { path: '/header-name', ...failure(itsWords) },
  { path: '/header-name-async', ...failure(itsWords) },

  // What a body carries.
  ...[
    'blob',
    'blob-async',
    'blob-of-c',
    'blob-of-c-header',
    'blob-with-record',
    'blob-with-headers',
    'blob-with-entries',
    'blob-copied',
    'blob-copied-twice',
    'blob-cloned',
    'blob-with-init',
    'blob-behind-header',
    'blob-behind-headers-set',
    'blob-behind-c-res',
  ].map((what) => ({
    path: `/type/${what}`,
    ...text('plain'),
    headers: { 'content-type': 'text/css' },
  })),
  ...['record', 'headers', 'entries'].map((kind) => ({
    path: `/own-type/${kind}`,
    ...text('plain'),
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
  })),
  ...['form', 'form-async', 'form-behind'].map((what) => ({
    path: `/type/${what}`,
    ...uncounted({
      ...success(''),
      body: /name="a"\r\n\r\nplain\r\n/,
      record: { status: 200, error: '' }, // a boundary's length is the platform's
    }),
    headers: { 'content-type': /^multipart\/form-data; ?boundary=/ },
  })),
  ...['search', 'search-async'].map((what) => ({
    path: `/type/${what}`,
    ...text('a=plain&b=%C3%A4'),
    headers: { 'content-type': /^application\/x-www-form-urlencoded;charset=utf-8$/i },
  })),
  ...['/array', '/array-async'].flatMap((route) =>
    Object.entries({
      'array-buffer': 'plain',
      'part-of-a-buffer': 'plain',
      int8: 'plain',
      uint16: 'plai',
      'data-view': 'plain',
    }).map(([kind, body]) => ({ path: `${route}/${kind}`, ...text(body) })),
  ),

  // A response of another server arrives as a client reads it, whatever its coding.
  ...['', '?coding=gzip', '?coding=x-gzip', '?coding=GZIP', '?coding=deflate', '?coding=br'].map(
    (search) => ({ path: `/fetch${search}`, ...fetched }),
  ),
  ...['zstd', 'gzip,%20br', 'unknown'].map((coding) => ({
    path: `/fetch?coding=${coding}`,
    ...fetched,
  })),
  { path: '/fetch-by-proxy?coding=gzip', ...fetched },
  { method: 'HEAD', path: '/fetch?coding=gzip', ...fetched, body: '' },
  { path: '/fetch-behind', ...fetched },

  // The id is the response's, else the request's, else the platform's.
  { path: '/id/text', ...text('plain'), id: madeId },
  { path: '/id/text', ...text('plain'), requestHeaders: { 'X-Request-Id': 'r1' }, id: 'r1' },
  { path: '/id/text', ...text('plain'), requestHeaders: { 'X-Request-Id': 'r 1' }, id: madeId },
  {
    path: '/id/throw',
    ...failure('thrown: a secret'),
    requestHeaders: { 'X-Request-Id': 'r 1' },
    id: madeId,
  },
  {
    path: '/throw/error?r1',
    ...failure('thrown: a secret'),
    requestHeaders: { 'X-Request-Id': 'r1' },
    id: 'r1',
  },

  // The URL of a request.
  { path: '/redirect-to-url', ...success('', 302), headers: { location: /^https?:\/\/[^/]+\/x$/ } },

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

  // Percent-escapes that Hono would decode with an exception for each run of them.
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
  { path: `/param/${'%ff'.repeat(300)}`, ...text('%ff'.repeat(300)) },
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
  {
    path: '/execution-context',
    ...executionContext,
    onWorkers: {
      ...executionContext.onWorkers,
      body: '{"props":{},"members":["tracing","exports","abort"]}',
      because: 'an app finds whatever the platform has',
    },
  },
  { path: '/wait-until', ...text('later') },
];

/** What @hono/node-server does with a Response that an app sends again. */
export const sentAgain: readonly AppCase[] = [
  ...['text', 'text?again', 'blob', 'blob?again', 'stream'].map((type) => ({
    path: `/again/${type}`,
    ...success('plain'),
  })),
  { path: '/again/stream?again', ...failure(itsWords) },
];

/** What Node's server owes to an app that uses Node's own objects. */
export const nodeApp: readonly AppCase[] = [
  ...[
    'set-header-end',
    'status-code-end',
    'write-head-end',
    'write-head-record',
    'write-head-flat',
    'write-head-entries',
    'write-head-reason',
    'write-head-reason-flat',
    'write-head-end-bytes',
    'end-encoding',
    'end-callback',
    'end-bytes-callback',
    'set-headers',
    'append-header',
  ].map((what) => ({
    path: `/outgoing/${what}`,
    ...success('plain', 201),
    headers: { 'x-value': 'raw', 'content-length': '5', 'transfer-encoding': null },
  })),
  {
    path: '/outgoing/end-without-body',
    ...success('', 201),
    headers: { 'x-value': 'raw', 'content-length': '0' },
  },
  ...['write-end', 'write-callback-end', 'write-end-callback', 'flush', 'pipe', 'pipeline'].map(
    (what) => ({
      path: `/outgoing/${what}`,
      ...success('plain', 201),
      headers: { 'x-value': 'raw', 'content-length': null },
    }),
  ),
  ...['set-header-end', 'write-end', 'pipe'].map((what) => ({
    method: 'HEAD',
    path: `/outgoing/${what}`,
    ...success('', 201),
    headers: { 'x-value': 'raw' },
  })),
  {
    path: '/outgoing/fields',
    ...success('plain'),
    headers: { ...noConnectionFields, 'x-kept': 'yes', 'transfer-encoding': 'chunked' },
  },
  {
    path: '/outgoing/kept-alive',
    ...success('plain'),
    headers: { ...noConnectionFields, 'content-length': '5' },
  },
  {
    path: '/outgoing/error-behind-fields',
    ...failure('thrown: a secret'),
    headers: { ...noConnectionFields, ...json, 'content-length': '35' },
  },
  {
    path: '/outgoing/twice',
    ...success('plain'),
    headers: { 'x-value': 'one, two', 'set-cookie': 'a=1,b=2' },
  },
  { path: '/outgoing/bad-value', ...failure(itsWords) },
  { path: '/outgoing/bad-value-flat', ...failure(itsWords) },
  { path: '/outgoing/bad-status', ...failure(itsWords) },

  // A body that is a stream of another class.
  { path: '/other-stream/get-reader', ...success('plain') },
  { path: '/other-stream/of-node', ...success('plain') },
  { path: '/undici/text', ...success('plain', 201), headers: { 'x-kind': 'undici' } },
  { path: '/undici/json', ...success('{"plain":true}'), headers: json },
  { path: '/undici/fetch', ...fetched },
  {
    path: '/undici/cookies',
    ...success('plain'),
    headers: { 'set-cookie': 'a=1,b=2' },
  },

  // Node's own events, for a request without a body, too.
  { path: '/incoming/end', ...success('plain') },
  { path: '/incoming/async-iteration', ...success('plain') },
  { path: '/incoming/to-array', ...success('plain') },
  { method: 'POST', path: '/incoming/end', requestBody: 'abc', ...success('plain') },
  { path: '/incoming/closed', ...success('closed 4') },

  // What Hono's URL says of a connection without TLS.
  {
    path: '/url',
    requestHeaders: { Host: 'EXAMPLE.com:80', 'X-Forwarded-Proto': 'https' },
    ...success('http://example.com/url'),
  },
];
