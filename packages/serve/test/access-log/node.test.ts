import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AccessEntry, accessRecord } from '../../src/log/access-record.ts';
import { rawConnection } from '../support/raw.ts';
import { fixture } from '../support/targets.ts';
import { recordTests } from './runner.ts';

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

describe('on Node', () =>
  recordTests(
    () => startServer(fixture),
    (bytes) => bytes,
  ));

describe('of what Node hands over', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(fixture);
  });
  afterAll(() => server.stop());

  /** Sends a request, byte by byte; resolves to the line of its record. */
  const lineOf = async (bytes: string): Promise<string> => {
    const before = server.stdout.length;
    const connection = rawConnection(server.port);
    connection.write(bytes);
    await connection.response(bytes.split(' ')[0]);
    connection.socket.destroy();
    await expect.poll(() => server.stdout.length).toBe(before + 1);
    return server.stdout[before] ?? '';
  };

  test.each([
    ['line breaks', '\u2028\u2029\u0085'],
    ['control characters', '\u0080\u009b'],
    ['characters that change the direction of text', '\u061c\u200e\u202e\u2066\u2069'],
    ['characters without width', '\ufeff\u00ad\u200b\u200d\u2060\u180e\ufe0f'],
    ['tag characters', '\u{e0041}\u{e007f}'],
  ])('%s are escaped', async (_, text) => {
    const sent = Buffer.from(text).toString('latin1');
    const line = await lineOf(`GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: a${sent}\r\n\r\n`);
    const escaped = text
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
    expect(line).toContain(`"user_agent":"a${escaped.join('')}"`);
    expect(JSON.parse(line)).toMatchObject({ user_agent: `a${text}` });
  });

  test.each([
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
  ])(
    'the record counts what was sent and what came, not what was promised: %j',
    async (bytes, record) => {
      expect(JSON.parse(await lineOf(bytes))).toMatchObject(record);
    },
  );

  test('latency is nanoseconds, and latency_human says the same', async () => {
    const line = await lineOf('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
    const { latency, latency_human } = JSON.parse(line);
    expect(latency).toBeGreaterThan(10_000);
    const unit = latency < 1e6 ? 'µs' : 'ms';
    expect(latency_human).toBe(`${latency / (unit === 'µs' ? 1e3 : 1e6)}${unit}`);
  });
});

describe('behind proxies', () => {
  test.each([
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
