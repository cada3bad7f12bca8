import { connect, type Socket } from 'node:net';
import { frame, handshakeRequest, opcodes } from '../websocket/frames.ts';

/** A client that means ill. */
export interface Attack {
  name: string;
  /** Whether `npm test` has it, too: one or two against each limit. */
  isFast?: true;
  /** Begins it against a port of the loopback interface, and goes on until the signal. */
  begin(port: number, signal: AbortSignal): void;
}

const get = (target: string, ...fields: string[]): string =>
  `${[`GET ${target} HTTP/1.1`, 'Host: h', ...fields].join('\r\n')}\r\n\r\n`;
const post = (target: string, ...fields: string[]): string =>
  get(target, ...fields).replace('GET', 'POST');

/** Opens a connection; errors are the attacker's own business. */
const open = (port: number, signal: AbortSignal): Socket => {
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  signal.addEventListener('abort', () => socket.destroy());
  return socket;
};

/** Opens connections that each send some bytes, and read what comes. */
const each =
  (
    count: number,
    bytes: string,
    { reads = true, again = false, further = '' } = {},
  ): Attack['begin'] =>
  (port, signal) => {
    for (let opened = 0; opened < count; opened += 1) {
      const send = () => {
        const socket = open(port, signal);
        socket.write(bytes, 'latin1');
        if (reads) socket.resume();
        else socket.pause();
        if (further) socket.once('data', () => socket.write(further, 'latin1')); // behind a response
        if (again) socket.once('close', () => signal.aborted || send());
      };
      send();
    }
  };

/**
 * Opens connections that each send a beginning, and then a part for as long as it is taken; where a
 * response is awaited before, nothing is read behind it.
 */
const endless =
  (count: number, beginning: string, part: string, isResponseAwaited = false): Attack['begin'] =>
  (port, signal) => {
    for (let opened = 0; opened < count; opened += 1) {
      const socket = open(port, signal);
      const goOn = () => {
        while (socket.writable && socket.write(part, 'latin1'));
      };
      socket.write(beginning, 'latin1');
      const start = () => {
        socket.on('drain', goOn);
        goOn();
      };
      if (isResponseAwaited) socket.once('data', () => socket.pause()).once('data', start);
      else socket.on('connect', start).resume();
    }
  };

/** Opens connections that each send a beginning, and then a part again and again. */
const drip =
  (count: number, beginning: string, part: string, milliseconds: number): Attack['begin'] =>
  (port, signal) => {
    const sockets = Array.from({ length: count }, () => open(port, signal).resume());
    for (const socket of sockets) socket.write(beginning, 'latin1');
    const timer = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write(part, 'latin1');
    }, milliseconds);
    signal.addEventListener('abort', () => clearInterval(timer));
  };

/** Opens so many connections a second that send some bytes, then end. */
const comeAndGo =
  (perSecond: number, bytes: string, leave: 'end' | 'resetAndDestroy'): Attack['begin'] =>
  (port, signal) => {
    const timer = setInterval(() => {
      for (let opened = 0; opened < perSecond / 50; opened += 1) {
        const socket = open(port, signal).resume();
        socket.on('connect', () => socket.write(bytes, 'latin1', () => socket[leave]()));
      }
    }, 20);
    signal.addEventListener('abort', () => clearInterval(timer));
  };

/** Begins several attacks. */
const together =
  (...begins: Attack['begin'][]): Attack['begin'] =>
  (port, signal) => {
    for (const begin of begins) begin(port, signal);
  };

/** A message in fragments, without its last. */
const unfinished = (text: string, fragments: number): string =>
  frame(opcodes.text, text, { isLast: false }) +
  frame(opcodes.continuation, text, { isLast: false }).repeat(fragments - 1);

const chunked = 'Transfer-Encoding: chunked';
const TINY_FIELDS = 'a:\r\n'.repeat(4_000);
const HALF_HEADER = `GET / HTTP/1.1\r\nHost: h\r\n${TINY_FIELDS}`;
/** As many fields as are allowed, in a header of the largest size. */
const FIELDS = Array.from({ length: 198 }, (_, index) => `a${index}: ${'x'.repeat(70)}`);
const ESCAPES = '/%ff'.repeat(3_900);
const oneByteChunks = (bytes: number) =>
  `${'1\r\n[\r\n'}${'1\r\n1\r\n'.repeat(bytes - 2)}1\r\n]\r\n0\r\n\r\n`;

/** Attacks that a server with 128 MB of memory withstands, each by itself. */
export const httpAttacks: readonly Attack[] = [
  // Headers.
  { name: '1,600 halves of headers of tiny fields', begin: each(1_600, HALF_HEADER) },
  { name: '800 headers of tiny fields', begin: each(800, `${HALF_HEADER}\r\n`) },
  {
    name: '1,900 headers of as many fields as are allowed, each for a handler that takes its time',
    isFast: true,
    begin: each(1_900, get('/never', ...FIELDS)),
  },
  {
    name: '700 POSTs with 4,000 fields, then nothing more',
    begin: each(700, `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n${TINY_FIELDS}\r\nx`),
  },
  {
    name: '1,900 POSTs with as many fields as are allowed, then nothing more',
    begin: each(1_900, `${post('/', 'Content-Length: 1', ...FIELDS.slice(1))}x`),
  },
  {
    name: '4,000 halves of headers of 15 kB',
    begin: each(4_000, `${HALF_HEADER.slice(0, 15_000)}`),
  },
  {
    name: '1,900 chunked POSTs whose trailers are tiny fields',
    begin: each(1_900, `${post('/never', chunked)}0\r\n${TINY_FIELDS}`),
  },

  // Connections.
  { name: '4,000 connections that send nothing', begin: each(4_000, '') },
  { name: '4,096 connections that send CRLF every 0.8 s', begin: drip(4_096, '', '\r\n', 800) },
  {
    name: '4,096 connections that send CRLF every 0.8 s behind a request',
    begin: drip(4_096, get('/'), '\r\n', 800),
  },
  {
    name: '2,048 connections with CONNECT',
    begin: each(2_048, 'CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n'),
  },
  {
    name: '2,048 connections with Upgrade, then nothing more',
    begin: each(2_048, get('/', 'Connection: Upgrade', 'Upgrade: websocket')),
  },
  {
    name: '1,000 connections a second that leave behind a further byte',
    begin: comeAndGo(1_000, `${get('/never')}G`, 'end'),
  },
  {
    name: '1,000 connections a second that reset behind a refused byte',
    begin: comeAndGo(1_000, `${get('/never')}x`, 'resetAndDestroy'),
  },
  {
    name: '1,000 headers of 16 kB a second, from clients that leave before their responses',
    begin: comeAndGo(1_000, get('/never', ...FIELDS), 'end'),
  },

  // Responses.
  {
    name: '100 pipelined GETs of 1 MB',
    begin: each(1, get('/large?bytes=1000000').repeat(100), { reads: false }),
  },
  {
    name: '20 times 100 pipelined GETs of 1 MB',
    isFast: true,
    begin: each(20, get('/large?bytes=1000000').repeat(100), { reads: false }),
  },
  {
    name: '20 times 100 pipelined GETs of 1 MB from a handler that waits',
    begin: each(20, get('/large-later?bytes=1000000').repeat(100), { reads: false }),
  },
  {
    name: '400 clients that read nothing of 1 MB',
    isFast: true,
    begin: each(400, get('/large?bytes=1000000'), { reads: false }),
  },
  {
    name: '2,000 clients that read nothing of 1 MB',
    begin: each(2_000, get('/large?bytes=1000000'), { reads: false }),
  },
  {
    name: '40 clients that read nothing of 10 MB',
    begin: each(40, get('/large?bytes=10000000'), { reads: false }),
  },
  {
    name: '400 clients that read nothing of 1 MB from a handler that waits',
    begin: each(400, get('/large-later?bytes=1000000'), { reads: false }),
  },
  {
    name: '400 clients that read nothing of a stream of 10 MB',
    begin: each(400, get('/large-stream?bytes=10000000'), { reads: false }),
  },
  {
    name: '400 clients that read nothing of a compressed stream',
    begin: each(400, get('/compressed', 'Accept-Encoding: gzip'), { reads: false }),
  },
  {
    name: '900 clients that read nothing of events of 200 kB',
    begin: each(900, get('/large-events'), { reads: false }),
  },

  // Pipelines.
  {
    name: '50 times 100 headers of 16 kB behind a handler that takes its time',
    begin: each(50, get('/never') + get('/', ...FIELDS).repeat(99)),
  },
  {
    name: '100 times 100 headers of 16 kB behind a handler that takes its time',
    begin: each(100, get('/never') + get('/', ...FIELDS).repeat(99)),
  },
  {
    name: '500 times 100 headers of 16 kB behind a handler that takes its time',
    begin: each(500, get('/never') + get('/', ...FIELDS).repeat(99)),
  },
  {
    name: '2,000 times 100 requests behind a handler that takes its time',
    begin: each(2_000, get('/never').repeat(100)),
  },
  {
    name: '400 times 100 POSTs with a body behind a handler that takes its time',
    begin: each(
      400,
      get('/never') + `${post('/', 'Content-Length: 1000')}${'x'.repeat(1_000)}`.repeat(99),
    ),
  },

  // Bodies.
  {
    name: '10 bodies of 92 kB in chunks of a byte',
    begin: each(10, post('/read-json', chunked) + oneByteChunks(92_000)),
  },
  {
    name: '100 bodies of 92 kB in chunks of a byte',
    begin: each(100, post('/read-json', chunked) + oneByteChunks(92_000)),
  },
  {
    name: '20 GETs with an endless body',
    begin: endless(20, get('/', chunked), `10000\r\n${'x'.repeat(65_536)}\r\n`),
  },
  {
    name: '20 DELETEs with a body of 1 TB',
    begin: endless(
      20,
      get('/', 'Content-Length: 1000000000000').replace('GET', 'DELETE'),
      'x'.repeat(65_536),
    ),
  },
  {
    name: '20 endless bodies in chunks of a byte that no handler reads',
    isFast: true,
    begin: endless(20, post('/never', chunked).replace('POST', 'GET'), '1\r\nx\r\n'.repeat(1_000)),
  },
  {
    name: '20 endless chunk extensions',
    begin: endless(20, post('/', chunked), `1;${'x'.repeat(1_000)}\r\nx\r\n`),
  },
  {
    name: '2,000 clients that expect 100 (Continue) and send nothing',
    begin: each(2_000, post('/read', 'Expect: 100-continue', 'Content-Length: 1000000')),
  },
  {
    name: '1,000 bodies that come a byte at a time',
    begin: drip(1_000, post('/read-json', 'Content-Length: 1000000'), 'x', 100),
  },
  {
    name: '1,100 uploads of 100 kB that go no further',
    isFast: true,
    begin: each(1_100, post('/read', 'Content-Length: 1000000') + 'x'.repeat(100_000)),
  },
  {
    name: '2,000 uploads of 64 kB that no handler reads',
    begin: each(2_000, post('/never', 'Content-Length: 1000000') + 'x'.repeat(64_000)),
  },
  {
    name: '900 bodies of JSON of 900 kB',
    begin: each(
      900,
      `${post('/read-limited', 'Content-Length: 900000')}[${'1,'.repeat(449_998)}1]`,
    ),
  },
  {
    name: '100 bodies of 1 MB for a handler that keeps them',
    begin: each(100, post('/read-later', 'Content-Length: 1000000') + 'x'.repeat(1_000_000), {
      again: true,
    }),
  },
  {
    name: '400 endless bodies for a handler that reads slowly',
    begin: endless(400, post('/read-slowly', 'Content-Length: 1000000000'), 'x'.repeat(65_536)),
  },

  // Work.
  ...[ESCAPES, `/query?a=${'%ff-'.repeat(4_000)}`].map((target) => ({
    name: `80 requests at a time for ${target.slice(0, 20)}…`,
    begin: each(40, get(target.slice(0, 15_900)).repeat(2), { again: true }),
  })),
  {
    name: '80 requests at a time with 4,000 malformed escapes in Cookie',
    begin: each(40, get('/cookie', `Cookie: a=${'%ff-'.repeat(4_000)}`).repeat(2), {
      again: true,
    }),
  },

  // Behind Docker's proxy each of these leaves thousands of ports in TIME-WAIT for a minute, so they stand apart from their like.
  {
    name: '1,000 targets of 15 kB a second, from clients that leave before their responses',
    begin: comeAndGo(1_000, get(`/never?${'x'.repeat(15_000)}`), 'end'),
  },
  {
    name: '1,000 connections a second that leave in the midst of a body',
    begin: comeAndGo(1_000, `${post('/read', 'Content-Length: 9')}x`, 'end'),
  },
];

/** Attacks by WebSockets. */
export const socketAttacks: readonly Attack[] = [
  {
    name: '400 clients that read nothing of messages of 100 kB',
    begin: each(400, handshakeRequest('/ws/flood?bytes=100000'), { reads: false }),
  },
  {
    name: '100 clients that read nothing of messages of 1 MB',
    isFast: true,
    begin: each(100, handshakeRequest('/ws/flood?bytes=1000000'), { reads: false }),
  },
  {
    name: '900 clients that read nothing of messages of 1 MB',
    begin: each(900, handshakeRequest('/ws/flood?bytes=1000000'), { reads: false }),
  },
  {
    name: '20 WebSockets that are pinged without end, and whose pongs are not read',
    begin: endless(20, handshakeRequest('/ws/echo'), frame(opcodes.ping).repeat(10_000), true),
  },
  {
    name: '20 WebSockets with empty messages without end',
    begin: endless(20, handshakeRequest('/ws/pinged'), frame(opcodes.text).repeat(10_000), true),
  },
  {
    name: 'a WebSocket whose callbacks never end',
    begin: endless(1, handshakeRequest('/ws/never'), frame(opcodes.text, 'x').repeat(10_000), true),
  },
  {
    name: '20 WebSockets that send without end behind their close',
    begin: endless(
      20,
      handshakeRequest('/ws/echo') + frame(opcodes.close),
      'x'.repeat(65_536),
      true,
    ),
  },
  {
    name: 'messages of 256 kB for a thousand clients that read nothing',
    begin: together(
      each(900, handshakeRequest('/ws/room'), { reads: false, again: true }),
      drip(1, handshakeRequest('/ws/room'), frame(opcodes.text, 'x'), 50),
    ),
  },
  {
    name: '900 messages in 250 fragments of a byte that are never complete',
    begin: each(900, handshakeRequest('/ws/echo'), {
      further: unfinished('x', 250),
    }),
  },
  {
    name: '100 messages of 1 MB that are never complete',
    isFast: true,
    begin: each(100, handshakeRequest('/ws/echo'), {
      further: unfinished('x'.repeat(60_000), 17),
    }),
  },
  {
    name: '900 messages of 1 MB that are never complete',
    begin: each(900, handshakeRequest('/ws/echo'), {
      further: unfinished('x'.repeat(60_000), 17),
    }),
  },
];

/** All attacks. */
export const attacks = [...httpAttacks, ...socketAttacks];
