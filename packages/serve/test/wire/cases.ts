/** Bytes on a connection, and what the Node server makes of them. */
export interface WireCase {
  name: string;
  /** What the client sends, a character a byte. */
  bytes: string;
  /** The status codes of the responses, in order. */
  statuses: number[];
  /** Whether the server ends the connection after the last of them. */
  ends: boolean;
  /** How the requests were made, where it is not GET. */
  methods?: string[];
}

const request = (line: string, ...fields: string[]): string =>
  `${[line, ...fields].join('\r\n')}\r\n\r\n`;
const get = (target: string, ...fields: string[]): string =>
  request(`GET ${target} HTTP/1.1`, 'Host: h', ...fields);
const post = (...fields: string[]): string => request('POST / HTTP/1.1', 'Host: h', ...fields);

const upgrade = ['Connection: Upgrade', 'Upgrade: websocket'];

const refused = { statuses: [400], ends: true };
const notImplemented = { statuses: [501], ends: true };
const versionNotSupported = { statuses: [505], ends: true };
const served = { statuses: [200], ends: false };
const badRequest = { statuses: [400], ends: false };
const notFound = { statuses: [404], ends: false };

const malformed = (count: number) => '/%ff'.repeat(count);
const fields = (count: number) => Array.from({ length: count }, (_, index) => `a${index}:`);
const byteChunks = (count: number) => '1\r\nx\r\n'.repeat(count);

/** What the Node server responds to raw bytes. On Workers, Cloudflare's edge parses the wire. */
export const wire: readonly WireCase[] = [
  // HAProxy's plain `option httpchk` (RFC 9112 §3.2 asks for Host in HTTP/1.1 only).
  {
    name: 'HTTP/1.0 without Host',
    bytes: 'GET /health HTTP/1.0\r\n\r\n',
    statuses: [200],
    ends: true,
  },
  {
    name: 'HEAD in HTTP/1.0',
    bytes: 'HEAD / HTTP/1.0\r\n\r\n',
    statuses: [200],
    ends: true,
    methods: ['HEAD'],
  },
  {
    name: 'HTTP/1.0 that asks to keep the connection',
    bytes: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    ...served,
  },

  ...[
    ...['h:', 'EXAMPLE.com:80', 'EXAMPLE.com', '%65xample.com', '127.1', '2130706433', '0x7f.1'],
    ...['[::1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]:80', '[0:0:0:0:0:0:0:1]', 'h:080', 'h:0'],
    ...['h.', 'a_b', 'xn--bcher-kva.example', 'b\xc3\xbccher.example', 'h:65535'],
  ].map((host) => ({
    name: `Host: ${host}`,
    bytes: request('GET /health HTTP/1.1', `Host: ${host}`),
    ...served,
  })),
  ...['256.1.1.1', '[::1', '[::g]', 'h:x', 'a b', '%zz', 'h%00', 'a?b', 'a#b', 'h:80:80'].map(
    (host) => ({
      name: `Host: ${host}, which is none`,
      bytes: request('GET /health HTTP/1.1', `Host: ${host}`),
      ...badRequest,
    }),
  ),

  { name: 'no Host', bytes: request('GET / HTTP/1.1'), ...badRequest },
  { name: 'an empty Host', bytes: request('GET / HTTP/1.1', 'Host:'), ...badRequest },
  { name: 'a malformed Host', bytes: request('GET / HTTP/1.1', 'Host: a/b'), ...badRequest },
  {
    name: 'a Host with user information',
    bytes: request('GET / HTTP/1.1', 'Host: user@h'),
    ...badRequest,
  },
  {
    name: 'a Host with a port out of range',
    bytes: request('GET / HTTP/1.1', 'Host: h:65536'),
    ...badRequest,
  },
  {
    name: 'a Host that is no IPv4 address, though it looks like one',
    bytes: request('GET / HTTP/1.1', 'Host: 256.1.1.1'),
    ...badRequest,
  },
  {
    name: 'a Host that is no IPv6 address',
    bytes: request('GET / HTTP/1.1', 'Host: [::1'),
    ...badRequest,
  },
  {
    name: 'a Host that is an IPv6 address',
    bytes: request('GET / HTTP/1.1', 'Host: [::1]:8080'),
    ...served,
  },
  { name: 'absolute form with user information', bytes: get('http://u:p@h/'), ...badRequest },
  { name: 'absolute form with a user', bytes: get('http://u@h/'), ...badRequest },
  { name: 'absolute form without a valid host', bytes: get('http://256.1.1.1/'), ...badRequest },
  { name: 'absolute form with a port out of range', bytes: get('http://h:65536/'), ...badRequest },
  { name: 'two Host fields', bytes: get('/', 'Host: i'), ...badRequest },
  { name: 'two Host fields that agree', bytes: get('/', 'Host: h'), ...badRequest },
  { name: 'absolute form without Host', bytes: request('GET http://h/ HTTP/1.1'), ...badRequest },
  { name: 'absolute form with two Host fields', bytes: get('http://h/', 'Host: i'), ...badRequest },

  {
    name: 'Content-Length with Transfer-Encoding',
    bytes: post('Content-Length: 1', 'Transfer-Encoding: chunked'),
    ...refused,
  },
  {
    name: 'Transfer-Encoding that does not end in chunked',
    bytes: post('Transfer-Encoding: chunked, gzip'),
    ...refused,
  },
  // RFC 9112 §6.1
  ...['xchunked', 'identity', 'gzip, chunked', 'gzip', 'chunkedx'].map((coding) => ({
    name: `Transfer-Encoding: ${coding}`,
    bytes: `${post(`Transfer-Encoding: ${coding}`)}0\r\n\r\n${get('/')}`,
    ...notImplemented,
  })),
  {
    name: 'Upgrade behind a request that ends the connection',
    bytes: `${post('Transfer-Encoding: gzip')}0\r\n\r\n${get('/')}${get('/', 'Upgrade: websocket')}`,
    ...notImplemented,
  },
  {
    name: 'HTTP/1.0 with Transfer-Encoding',
    bytes: `POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${get('/')}`,
    statuses: [404],
    ends: true,
  },
  {
    name: 'Transfer-Encoding: Chunked',
    bytes: `${post('Transfer-Encoding: Chunked')}0\r\n\r\n`,
    ...notFound,
  },
  { name: 'HTTP/0.9', bytes: request('GET / HTTP/0.9', 'Host: h'), ...versionNotSupported },
  { name: 'HTTP/2.0', bytes: request('GET / HTTP/2.0', 'Host: h'), ...versionNotSupported },
  { name: 'two lengths', bytes: post('Content-Length: 1', 'Content-Length: 2'), ...refused },
  { name: 'a length that is no number', bytes: post('Content-Length: 1x'), ...refused },
  { name: 'a negative length', bytes: post('Content-Length: -1'), ...refused },
  {
    name: 'a length beyond 64 bits',
    bytes: post('Content-Length: 99999999999999999999'),
    ...refused,
  },
  { name: 'a space before the colon', bytes: get('/', 'A : b'), ...refused },
  { name: 'a NUL in a value', bytes: get('/', 'A: b\0c'), ...refused },
  { name: 'a control character in a value', bytes: get('/', 'A: b\x01c'), ...refused },
  { name: 'a bare CR in a value', bytes: get('/', 'A: b\rc'), ...refused },
  { name: 'a folded value', bytes: get('/', 'A: b\r\n c'), ...refused },
  { name: 'an unknown method', bytes: request('FOO / HTTP/1.1', 'Host: h'), ...refused },
  { name: 'a method in lower case', bytes: request('get / HTTP/1.1', 'Host: h'), ...refused },
  { name: 'an unknown version', bytes: request('GET / HTTP/3.0', 'Host: h'), ...refused },
  { name: 'not HTTP at all', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', ...refused },
  {
    name: 'a header of 20 kB',
    bytes: get('/', `A: ${'a'.repeat(20_000)}`),
    statuses: [431],
    ends: true,
  },
  { name: 'a target of 20 kB', bytes: get(`/${'a'.repeat(20_000)}`), statuses: [431], ends: true },
  { name: 'a header of 200 fields', bytes: get('/', ...fields(199)), ...served },
  { name: 'a header of 201 fields', bytes: get('/', ...fields(200)), statuses: [431], ends: true },
  {
    name: 'a header of 4,000 fields',
    bytes: get('/', ...Array(4_000).fill('a:')),
    statuses: [431],
    ends: true,
  },
  {
    name: 'a header that is never finished',
    bytes: 'GET / HTTP/1.1\r\nHost: h\r\n',
    statuses: [408],
    ends: true,
  },
  { name: 'nothing at all', bytes: '', statuses: [408], ends: true },

  { name: 'absolute form', bytes: get('http://h/health'), ...served },
  { name: 'a percent-encoded path', bytes: get('/%68ealth'), ...served },
  { name: 'dot segments', bytes: get('/x/../health'), ...served },
  { name: 'two slashes', bytes: get('//'), ...notFound },
  { name: 'a bad percent-encoding', bytes: get('/%zz'), ...notFound },
  // Hono would throw and catch an exception for each run of malformed escapes.
  { name: '16 malformed escapes', bytes: get(malformed(16)), ...notFound },
  { name: '17 malformed escapes', bytes: get(malformed(17)), ...badRequest },
  { name: '17 malformed escapes in the query', bytes: get(`/?a=${malformed(17)}`), ...badRequest },
  {
    name: '17 malformed escapes in path and query',
    bytes: get(`${malformed(9)}?a=${malformed(8)}`),
    ...badRequest,
  },
  {
    name: '17 malformed escapes in Cookie',
    bytes: get('/', `Cookie: a=${malformed(17)}`),
    ...badRequest,
  },
  {
    name: '17 malformed escapes in two Cookie fields',
    bytes: get('/', `Cookie: a=${malformed(9)}`, `Cookie: b=${malformed(8)}`),
    ...badRequest,
  },
  { name: '4,000 escapes', bytes: get(`/${'%c3%a9'.repeat(2_000)}`), ...notFound },
  { name: 'a backslash in the path', bytes: get('/\\health'), ...badRequest },
  { name: 'OPTIONS *', bytes: request('OPTIONS * HTTP/1.1', 'Host: h'), ...badRequest },
  { name: 'TRACE', bytes: request('TRACE / HTTP/1.1', 'Host: h'), ...notFound },
  { name: 'QUERY', bytes: request('QUERY / HTTP/1.1', 'Host: h'), ...notFound },
  // Node's parser stops behind a request with Upgrade, so that the connection ends there.
  {
    name: 'Upgrade: websocket',
    bytes: get(
      '/',
      ...upgrade,
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
    statuses: [200],
    ends: true,
  },
  {
    name: 'Upgrade: h2c',
    bytes: get(
      '/',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA',
    ),
    statuses: [200],
    ends: true,
  },
  {
    name: 'Upgrade, with another request behind it',
    bytes: get('/', ...upgrade) + get('/health'),
    statuses: [200],
    ends: true,
  },
  {
    name: 'Upgrade, with half a request behind it',
    bytes: `${get('/', ...upgrade)}GET /health HT`,
    statuses: [200],
    ends: true,
  },
  {
    name: 'requests before an Upgrade',
    bytes: get('/') + get('/health') + get('/nope', ...upgrade) + get('/'),
    statuses: [200, 200, 404],
    ends: true,
  },
  {
    name: 'a POST with a body and Upgrade',
    bytes: `${post(...upgrade, 'Content-Length: 3')}abc${get('/health')}`,
    statuses: [404],
    ends: true,
  },
  {
    name: 'a POST with chunks and Upgrade',
    bytes: `${post(...upgrade, 'Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n${get('/health')}`,
    statuses: [404],
    ends: true,
  },
  { name: 'CONNECT', bytes: request('CONNECT h:443 HTTP/1.1', 'Host: h:443'), ...refused },
  { name: 'an unknown Expect', bytes: get('/', 'Expect: a-miracle'), ...served },
  {
    name: 'a client that says Connection: close',
    bytes: get('/', 'Connection: close'),
    statuses: [200],
    ends: true,
  },

  {
    name: 'a hundred requests in one packet',
    bytes: get('/health').repeat(100),
    statuses: Array(100).fill(200),
    ends: false,
  },
  {
    name: 'pipelined requests',
    bytes: get('/') + get('/health') + get('/nope') + get('/health'),
    statuses: [200, 200, 404, 200],
    ends: false,
  },
  {
    name: 'a pipelined POST, with its body',
    bytes: `${post('Content-Length: 3')}abc${get('/health')}`,
    statuses: [404, 200],
    ends: false,
  },
  {
    name: 'a pipelined POST, in chunks',
    bytes: `${post('Transfer-Encoding: chunked')}3\r\nabc\r\n0\r\n\r\n${get('/health')}`,
    statuses: [404], // what it announces before the end of the body is known
    ends: true,
  },
  {
    name: 'requests, then garbage',
    bytes: `${get('/') + request('HEAD /health HTTP/1.1', 'Host: h')}garbage\r\n\r\n`,
    statuses: [200, 200, 400],
    ends: true,
    methods: ['GET', 'HEAD'],
  },
  {
    name: 'a request, then CONNECT',
    bytes: get('/') + request('CONNECT h:443 HTTP/1.1', 'Host: h:443'),
    statuses: [200, 400],
    ends: true,
  },
  {
    name: 'a body in chunks of a byte, a few at a time',
    bytes: `${post('Transfer-Encoding: chunked')}${byteChunks(500)}0\r\n\r\n`,
    ...notFound,
    ends: true,
  },
  {
    name: 'a body in chunks of a byte, too many at a time for the handler that waits for it',
    bytes: `${request('POST /read HTTP/1.1', 'Host: h', 'Transfer-Encoding: chunked')}${byteChunks(600)}0\r\n\r\n`,
    ...refused,
  },
  {
    name: 'a body whose chunks are malformed',
    bytes: `${post('Transfer-Encoding: chunked')}zz\r\n`,
    statuses: [404],
    ends: true,
  },
];
