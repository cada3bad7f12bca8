import { type Received, send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccessEntry, accessRecord } from '../src/log/access-record.ts';
import { rawConnection } from './support/raw.ts';
import { fixture } from './support/targets.ts';
import { fixtureWorker } from './support/worker.ts';

const health = { path: '/health', status: 200, bytes_in: 0 };

/** The fields of Echo's Logger, in its order, and their types. */
const fields = {
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  id: expect.any(String),
  remote_ip: '127.0.0.1',
  host: expect.any(String),
  method: expect.any(String),
  uri: expect.any(String),
  user_agent: expect.any(String),
  status: expect.any(Number),
  error: expect.any(String),
  latency: expect.toSatisfy((value) => Number.isSafeInteger(value) && value >= 0),
  latency_human: expect.stringMatching(/^(0s|[\d.]+(ns|µs|ms|s))$/),
  bytes_in: expect.any(Number),
  bytes_out: expect.any(Number),
};

const exchange: AccessEntry = {
  time: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  duration: 0,
  id: 'r1',
  userAgent: 'u',
  remoteAddress: '192.0.2.1',
  host: 'h',
  method: 'GET',
  uri: '/?a=b',
  status: 200,
  error: '',
  bytesIn: 3,
  bytesOut: 17,
  traceId: undefined,
};

describe('the record', () => {
  test('is what Echo logs', () => {
    expect(JSON.stringify(accessRecord({ ...exchange, duration: 1.5 }))).toBe(
      '{"time":"2026-01-02T03:04:05.006Z","id":"r1","remote_ip":"192.0.2.1","host":"h",' +
        '"method":"GET","uri":"/?a=b","user_agent":"u","status":200,"error":"","latency":1500000,' +
        '"latency_human":"1.5ms","bytes_in":3,"bytes_out":17}',
    );
  });

  test.each([
    [0, '0s'],
    [0.000_007, '7ns'],
    [0.052_3, '52.3µs'],
    [0.999_999, '999.999µs'],
    [1, '1ms'],
    [12.345_678, '12.345678ms'],
    [1_500, '1.5s'],
    [60_000, '1m0s'],
    [61_500, '1m1.5s'],
    [3_600_000, '1h0m0s'],
    [3_725_250, '1h2m5.25s'],
    [90_000_000, '25h0m0s'],
  ])('writes %d ms as Go does: %s', (duration, expected) => {
    expect(accessRecord({ ...exchange, duration }).latency_human).toBe(expected);
  });

  test('bounds what a client can write, and halves no character', () => {
    const long = 'a'.repeat(1_023) + '😀'.repeat(9_000);
    const record = accessRecord({ ...exchange, id: long, userAgent: long, uri: long, host: long });
    expect(record.id).toHaveLength(128);
    for (const text of [record.uri, record.user_agent, record.host]) {
      expect(text).toHaveLength(1_024);
      expect(text.isWellFormed()).toBe(true);
    }
  });
});

type Target = Pick<ServerProcess, 'url' | 'records'> & { stop(): Promise<unknown> };
/** The Worker does not see the length that workerd sends. */
const targets: [string, () => Promise<Target>, (bytes: number) => number | null][] = [
  ['Node', () => startServer(fixture), (bytes) => bytes],
  ['workerd', async () => startWorker(await fixtureWorker()), (bytes) => bytes && null],
];

describe.each(targets)('on %s', (_, start, counted) => {
  let target: Target;
  let responses = 0;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  /** Sends a request and gives its record: there is one for each response, in order. */
  const logged = async (sent: Parameters<typeof send>[1]): Promise<[Received, unknown]> => {
    const received = await send(target.url, sent);
    responses += 1;
    await expect.poll(() => target.records().length).toBe(responses);
    return [received, target.records().at(-1)];
  };

  test('a request has a record with these fields, in this order', async () => {
    const [, record] = await logged({ path: '/health?a=%20b' });
    expect(record).toEqual({
      ...fields,
      id: '',
      host: new URL(target.url).host,
      method: 'GET',
      uri: '/health?a=%20b',
      user_agent: '',
      status: 200,
      error: '',
      bytes_in: 0,
      bytes_out: counted(15),
    });
    expect(Object.keys(record ?? {})).toEqual(Object.keys(fields));
  });

  test.each([
    { ...health, method: 'GET', bytes_out: 15 },
    { ...health, method: 'HEAD', bytes_out: 0 },
    { method: 'POST', path: '/', requestBody: 'a=1', status: 404, bytes_in: 3, bytes_out: 23 },
  ])(
    'the record of $method $path counts the bodies',
    async ({ status, bytes_in, bytes_out, ...sent }) => {
      const [received, record] = await logged({
        ...sent,
        headers: sent.requestBody ? { 'Content-Length': '3' } : {},
      });
      expect(received.body).toHaveLength(bytes_out);
      expect(record).toMatchObject({ status, bytes_in, bytes_out: counted(bytes_out) });
    },
  );

  test.each([
    ['X-Request-Id', 'id', 'a.b:c-1'],
    ['User-Agent', 'user_agent', 'caf\xc3\xa9 \xf0\x9f\x98\x80', 'café 😀'],
    ['User-Agent', 'user_agent', '\xff', '\ufffd'],
    ['User-Agent', 'user_agent', '"},{"status":200,"a\\u000a":"', '"},{"status":200,"a\\u000a":"'],
  ])('%s becomes %s: %j', async (name, field, sent, expected = sent) => {
    const [, record] = await logged({ path: '/', headers: { [name]: sent } });
    expect(record).toMatchObject({ [field]: expected });
  });

  test('a target with what would end a line is one line, as sent', async () => {
    const [, record] = await logged({ path: '/%0a%1b[31m' });
    expect(record).toMatchObject({ uri: '/%0a%1b[31m', status: 404 });
  });

  test('long values are cut', async () => {
    const [, record] = await logged({
      path: `/${'p'.repeat(3_000)}`,
      headers: { 'X-Request-Id': 'i'.repeat(3_000), 'User-Agent': 'u'.repeat(3_000) },
    });
    expect(record).toMatchObject({
      uri: `/${'p'.repeat(1_023)}`,
      id: 'i'.repeat(128),
      user_agent: 'u'.repeat(1_024),
    });
  });

  test('forged addresses change nothing', async () => {
    const forged = '203.0.113.9';
    const [, record] = await logged({
      path: '/',
      headers: { 'X-Forwarded-For': forged, 'X-Real-IP': forged, Forwarded: `for=${forged}` },
    });
    expect(record).toMatchObject({ remote_ip: '127.0.0.1' });
  });
});

describe('on Node', () => {
  test.each([
    ['line breaks', '\u2028\u2029\u0085'],
    ['control characters', '\u0080\u009b'],
    ['characters that change the direction of text', '\u061c\u200e\u202e\u2066\u2069'],
    ['characters without width', '\ufeff\u00ad\u200b\u200d\u2060\u180e\ufe0f'],
    ['tag characters', '\u{e0041}\u{e007f}'],
  ])('%s are escaped', async (_, text) => {
    const server = await startServer(fixture);
    const connection = rawConnection(server.port);
    const sent = Buffer.from(text).toString('latin1');
    connection.write(`GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a${sent}\r\n\r\n`);
    await connection.response();
    connection.socket.destroy();
    await server.stop();
    const [line = ''] = server.stdout;
    const escaped = text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    expect(line).toContain(`"user_agent":"a${escaped.join('')}"`);
    expect(server.records()).toEqual([expect.objectContaining({ user_agent: `a${text}` })]);
  });

  test('the record counts what was sent and what came, not what was promised', async () => {
    const server = await startServer(fixture);
    const exchanges: [string, object][] = [
      ['HEAD / HTTP/1.1\r\nHost: a/b\r\n\r\n', { status: 400, bytes_out: 0 }],
      ['HEAD /health HTTP/1.1\r\nHost: h\r\n\r\n', { status: 200, bytes_out: 0 }],
      [
        'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9007199254740991\r\n\r\n',
        { status: 404, bytes_in: 0, bytes_out: 23 },
      ],
      [
        'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9007199254740991\r\n\r\nabc',
        { status: 404, bytes_in: 3 },
      ],
      [
        'POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
        { status: 200, bytes_in: 5, bytes_out: 5 },
      ],
    ];
    for (const [bytes] of exchanges) {
      const connection = rawConnection(server.port);
      connection.write(bytes);
      await connection.response(bytes.split(' ')[0]);
      connection.socket.destroy();
    }
    await server.stop();
    expect(server.records()).toEqual(
      exchanges.map(([, expected]) => expect.objectContaining(expected)),
    );
  });

  test('latency is nanoseconds, and latency_human says the same', async () => {
    const server = await startServer(fixture);
    await send(server.url, { path: '/' });
    await server.stop();
    const [{ latency = 0, latency_human = '' } = {}] = server.records();
    expect(latency).toBeGreaterThan(10_000);
    const unit = latency < 1e6 ? 'µs' : 'ms';
    expect(latency_human).toBe(`${latency / (unit === 'µs' ? 1e3 : 1e6)}${unit}`);
  });

  test.each([
    ['', '127.0.0.1'],
    ['1', '192.0.2.1'],
    ['4', '203.0.113.9'],
  ])('with TRUST_PROXY=%s the client of three proxies is %s', async (TRUST_PROXY, expected) => {
    const server = await startServer(fixture, { env: { TRUST_PROXY } });
    const headers = { 'X-Forwarded-For': '203.0.113.9, 198.51.100.7, 192.0.2.1' };
    await send(server.url, { path: '/', headers });
    await server.stop();
    expect(server.records()).toMatchObject([{ remote_ip: expected }]);
  });

  test('several X-Forwarded-For fields are one list', async () => {
    const server = await startServer(fixture, { env: { TRUST_PROXY: '2' } });
    const connection = rawConnection(server.port);
    const list = ['203.0.113.9', '198.51.100.7', '192.0.2.1'];
    const sent = list.map((address) => `X-Forwarded-For: ${address}\r\n`);
    connection.write(`GET / HTTP/1.1\r\nHost: h\r\n${sent.join('')}\r\n`);
    await connection.response();
    connection.socket.destroy();
    await server.stop();
    expect(server.records()).toMatchObject([{ remote_ip: '198.51.100.7' }]);
  });

  test('no number of header fields hides the one that the proxy writes last', async () => {
    const server = await startServer(fixture, { env: { TRUST_PROXY: '1' } });
    const connection = rawConnection(server.port);
    const fields = `${'a: b\r\n'.repeat(198)}X-Forwarded-For: 203.0.113.9\r\n`; // with Host, 200
    connection.write(`GET / HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    expect((await connection.response()).status).toBe(200);
    connection.socket.destroy();
    await server.stop();
    expect(server.records()).toEqual([expect.objectContaining({ remote_ip: '203.0.113.9' })]);
  });
});

describe('on workerd', () => {
  test('the ray is the id of a request without one, and the edge says who the client is', async () => {
    const worker = await startWorker(await fixtureWorker());
    const headers = { 'CF-Ray': 'ray-1', 'CF-Connecting-IP': '198.51.100.7' };
    await send(worker.url, { path: '/', headers });
    await send(worker.url, { path: '/', headers: { ...headers, 'X-Request-Id': 'r1' } });
    await expect
      .poll(() => worker.records())
      .toEqual([
        expect.objectContaining({ id: 'ray-1', remote_ip: '198.51.100.7' }),
        expect.objectContaining({ id: 'r1', remote_ip: '198.51.100.7' }),
      ]);
    await worker.stop();
  });
});
