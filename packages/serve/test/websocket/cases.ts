import type { AccessRecord } from '../../src/log/access-record.ts';

type Message = string | Uint8Array;
type Text = string | RegExp;

/** How a WebSocket ends, and what is logged of it. */
interface Owed {
  /** What comes from the server. */
  received?: Message[];
  /** The code and the reason that the client sees. */
  closed: [code: number, reason: string];
  /** What the record has as its error, and other fields of it. */
  error?: Text;
  record?: Partial<AccessRecord>;
  /** The message of the ERROR line, if there is one. */
  told?: Text;
}

/** A WebSocket: what its client sends, and what follows. */
export interface SocketCase extends Owed {
  path: string;
  name?: string;
  headers?: Record<string, string>;
  protocols?: string[];
  /** The fields that the response has; null for those that it doesn't. */
  fields?: Record<string, Text | null>;
  send?: Message[];
  /** What the client closes with, once it has received everything. Else the server closes. */
  close?: [code?: number, reason?: string];
}

const bytes = (...values: number[]) => Uint8Array.of(...values);
const normally = { close: [1000, 'bye'], closed: [1000, 'bye'] } satisfies Partial<SocketCase>;
const MIB = 1_048_576;

const fails = (path: string, message: string, cause = message): SocketCase => ({
  path,
  send: ['a'],
  closed: [1011, 'Internal Server Error'],
  error: cause,
  told: message,
});

/** The WebSockets that every target serves. */
export const socketCases: readonly SocketCase[] = [
  // Messages.
  {
    path: '/ws/echo',
    send: ['text', '', 'ä€😀', bytes(1, 2, 3), bytes()],
    received: ['text', '', 'ä€😀', bytes(1, 2, 3), bytes()],
    record: { bytes_in: 16, bytes_out: 16 },
    ...normally,
  },
  { path: '/ws/echo-direct', send: ['text'], received: ['text'], ...normally },
  { path: '/ws/echo-async', send: ['text'], received: ['text'], ...normally },
  {
    path: '/ws/types',
    send: ['text', bytes(1, 2, 3)],
    received: ['string of 4', 'ArrayBuffer of 3'],
    ...normally,
  },
  {
    path: '/ws/context/ann?q=1',
    headers: { 'X-Sent': 'yes' },
    received: ['ann 1 yes /ws/context/ann 1 object'],
    ...normally,
  },
  { path: '/chat', send: ['hello'], received: ['hello'], ...normally },

  // How long a message may be.
  {
    path: '/ws/echo',
    name: 'a message of 1 MiB',
    send: ['x'.repeat(MIB)],
    received: ['x'.repeat(MIB)],
    record: { bytes_in: MIB, bytes_out: MIB },
    ...normally,
  },
  ...[
    ['/ws/echo', 'x'.repeat(MIB + 1)],
    ['/ws/short', '12345678901'],
    ['/ws/short', 'äääääa'],
  ].map(([path = '', message = '']) => ({
    path,
    name: `a message of ${message.length} characters`,
    send: [message],
    closed: [1009, ''] as [number, string],
    error: 'closed with code 1009: Max payload size exceeded',
  })),
  { path: '/ws/short', send: ['äääää'], received: ['äääää'], ...normally },

  // Subprotocols.
  {
    path: '/ws/protocol',
    protocols: ['other', 'superchat', 'chat'],
    received: ['superchat'],
    fields: { 'sec-websocket-protocol': 'superchat' },
    ...normally,
  },
  { path: '/ws/protocol', received: [''], fields: { 'sec-websocket-protocol': null }, ...normally },
  { path: '/ws/any-protocol', protocols: ['a', 'b'], received: ['a'], ...normally },

  // Ends.
  { path: '/ws/echo', name: 'no code', close: [], closed: [1005, ''] },
  { path: '/ws/echo', name: 'the client goes away', close: [1001], closed: [1001, ''] },
  {
    path: '/ws/echo',
    close: [4000, 'enough'],
    closed: [4000, 'enough'],
    error: 'closed with code 4000: enough',
  },
  { path: '/ws/close/1000', send: ['done'], closed: [1000, 'done'] },
  { path: '/ws/close', send: ['done'], closed: [1005, ''] },
  {
    path: '/ws/close/4001',
    send: ['bad token'],
    closed: [4001, 'bad token'],
    error: 'closed with code 4001: bad token',
  },
  { path: '/ws/after-close', send: ['a', 'b'], received: ['a'], closed: [1000, 'done'] },

  // Errors.
  fails('/ws/fail/onOpen/throw', 'thrown'),
  fails('/ws/fail/onOpen/reject', 'rejected'),
  fails('/ws/fail/onMessage/throw', 'thrown'),
  fails('/ws/fail/onMessage/reject', 'rejected'),
  fails('/ws/fail/onMessage/throw-string', 'a string'),
  fails('/ws/fail/onMessage/reject-later', 'rejected later', 'the cause'),
  ...['thrown', 'rejected'].map((error) => ({
    ...normally,
    path: `/ws/fail/onClose/${error === 'thrown' ? 'throw' : 'reject'}`,
    send: ['a'],
    received: ['a'],
    error,
    told: error,
  })),
  {
    path: '/ws/fail/onError/throw',
    send: ['a message that is too long'],
    closed: [1009, ''],
    error: 'closed with code 1009: Max payload size exceeded',
    told: 'thrown',
  },
  ...[999, 1005, 1016, 2999, 5000].map((code) => ({
    ...fails(`/ws/close/${code}`, ''),
    error: /./,
    told: /code/,
  })),
  {
    path: '/ws/async-context',
    send: ['a'],
    received: ['opened in its context', 'message in its context'],
    close: [1000],
    closed: [1000, ''],
    error: 'closed in its context',
    told: 'closed in its context',
  },

  // Middlewares.
  {
    path: '/ws/guarded',
    headers: { Origin: 'https://example.com' },
    send: ['a'],
    received: ['a'],
    ...normally,
  },
  {
    path: '/ws/headers',
    fields: {
      'x-request-id': /^[\da-f-]{36}$/,
      'x-before': 'yes',
      'x-after': 'yes',
      'x-frame-options': 'SAMEORIGIN',
      'set-cookie': 'a=1,b=2',
      'content-length': null,
      'transfer-encoding': null,
    },
    ...normally,
  },
  { path: '/ws/copied', fields: { 'x-copied': 'yes' }, ...normally },
];

/** A request that a route for WebSockets refuses. */
export interface RefusalCase {
  name: string;
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  status: number;
  error: Text;
  told?: Text;
}

/** The header fields of a handshake. */
export const handshake = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** The refusals that are the same on every target. */
export const refusalCases: readonly RefusalCase[] = [
  { name: 'a plain GET', headers: {}, status: 404, error: '' },
  { name: 'a POST', method: 'POST', headers: {}, status: 404, error: '' },
  {
    name: 'another protocol',
    headers: { ...handshake, Upgrade: 'h2c' },
    status: 404,
    error: '',
  },
  { name: 'a page on the same path', path: '/ws/or-page', headers: {}, status: 200, error: '' },
  {
    name: 'a plain GET, for which no events are made',
    path: '/ws/fail/createEvents/throw',
    headers: {},
    status: 404,
    error: '',
  },
  {
    name: 'a plain GET of a handler that has no next one',
    path: '/ws/echo-direct',
    headers: {},
    status: 426,
    error: 'the route is for a WebSocket',
  },
  { name: 'a middleware that says no', path: '/ws/guarded', status: 403, error: '' },
  { name: 'a middleware that says no afterwards', path: '/ws/replaced', status: 403, error: '' },
  {
    name: 'a middleware that has responded before',
    path: '/ws/responded-before',
    status: 200,
    error: 'a middleware has replaced the response that upgradeWebSocket made',
  },
  {
    name: 'a middleware that throws afterwards',
    path: '/ws/thrown',
    status: 500,
    error: 'thrown behind the handler',
    told: 'thrown behind the handler',
  },
  {
    name: 'a handler that throws',
    path: '/ws/fail/createEvents/throw',
    status: 500,
    error: 'thrown',
    told: 'thrown',
  },
];

const { 'Sec-WebSocket-Key': key, 'Sec-WebSocket-Version': version, ...rest } = handshake;

/** Handshakes that can't be served. */
export const malformed: readonly RefusalCase[] = [
  {
    name: 'no key',
    headers: { ...rest, 'Sec-WebSocket-Version': version },
    status: 400,
    error: /Key/,
  },
  {
    name: 'no version',
    headers: { ...rest, 'Sec-WebSocket-Key': key },
    status: 426,
    error: /version/,
  },
  {
    name: 'another version',
    headers: { ...handshake, 'Sec-WebSocket-Version': '12' },
    status: 426,
    error: /version 12/,
  },
];

/** Those that workerd serves anyway. */
export const malformedOnNode: readonly RefusalCase[] = [
  { name: 'HEAD', method: 'HEAD', status: 404, error: '' },
  {
    name: 'a malformed key',
    headers: { ...handshake, 'Sec-WebSocket-Key': 'x' },
    status: 400,
    error: /Key/,
  },
  {
    name: 'a Connection without Upgrade',
    headers: { ...handshake, Connection: 'keep-alive' },
    status: 400,
    error: /Connection/,
  },
  {
    name: 'a malformed subprotocol',
    headers: { ...handshake, 'Sec-WebSocket-Protocol': 'a,,b' },
    status: 400,
    error: /Protocol/,
  },
  {
    name: 'a subprotocol twice',
    headers: { ...handshake, 'Sec-WebSocket-Protocol': 'a, a' },
    status: 400,
    error: /Protocol/,
  },
];
