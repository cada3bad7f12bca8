import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nodeServers } from '../support/bundles.ts';
import { type RawConnection, rawConnection } from '../support/raw.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

/** Sends a GET; resolves to all that comes until the server ends the connection. */
const allOf = async (port: number, target: string, version: string, ...fields: string[]) => {
  const connection: RawConnection = rawConnection(port);
  const lines = [`GET ${target} HTTP/${version}`, 'Host: h', ...fields];
  connection.write(`${lines.join('\r\n')}\r\n\r\n`);
  const text = await connection.end();
  connection.socket.destroy();
  const [header = '', ...rest] = text.split('\r\n\r\n');
  return {
    header: header.toLowerCase(),
    statusLine: header.split('\r\n')[0],
    body: rest.join('\r\n\r\n'),
  };
};

const ways = [
  ...['/text', '/stream', '/stream-async', '/blob', '/buffer', '/native', '/sse', '/no-content'],
  ...['/type/blob', '/type/form', '/fields/text', '/fields/stream', '/fields/buffer'],
  ...['/fields/gzip', '/fields/lower', '/fields/headers', '/length?is=abc', '/length-twice'],
  ...['/length-empty', '/no-content-text', '/no-content-stream', '/other/stream', '/throw/error'],
  ...['/outgoing/pipe', '/outgoing/write-end', '/outgoing/set-header-end', '/outgoing/fields'],
  ...['/outgoing/flush', '/fetch', '/fetch?coding=gzip', '/undici/text', '/length-not-modified'],
];

describe.each(nodeServers)('%s', (_, command) => {
  let server: ServerProcess;
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream();
    server = await startServer(await command(), { env: { UPSTREAM: upstream.url } });
  });
  afterAll(async () => {
    await server.stop();
    upstream.stop();
  });

  test.each(ways)(
    'a client of HTTP/1.0 gets no chunks, and one of 1.1 one framing: %s',
    async (path) => {
      const old = await allOf(server.port, path, '1.0');
      const one = await allOf(server.port, path, '1.1', 'Connection: close');
      expect(old.header).not.toMatch(/^transfer-encoding:/m);
      const framing = one.header.match(/^(content-length|transfer-encoding):/gm) ?? [];
      const hasNoBody = / (204|304) /.test(one.statusLine ?? '');
      expect(framing.length).toBeLessThanOrEqual(1);
      if (!hasNoBody) expect(framing).toHaveLength(1);
      if (hasNoBody) expect(one.body).toBe('');
      if (/ 204 /.test(one.statusLine ?? '')) expect(framing).toEqual([]);
      const [, length] = /^content-length: (\d+)/m.exec(one.header) ?? [];
      if (length && !hasNoBody) expect(one.body).toHaveLength(Number(length));
      else if (!hasNoBody) expect(one.body).toMatch(/(^|\r\n)0\r\n\r\n$/);
      for (const { header } of [old, one]) {
        expect(header).toMatch(/^connection: close$/m);
        expect(header).not.toMatch(/^(keep-alive|proxy-connection|te|trailer|upgrade):/m);
      }
    },
  );

  test.each([
    '/closes/text',
    '/closes/stream',
    '/closes/headers',
    '/closes/outgoing',
    '/closes/list',
  ])('the app ends the connection by Connection: close: %s', async (path) => {
    const { header, statusLine } = await allOf(server.port, path, '1.1');
    expect(statusLine).toBe('HTTP/1.1 200 OK');
    expect(header.match(/^connection: .*$/gm)).toEqual(['connection: close']);
    expect(header).not.toMatch(/^keep-alive:/m);
  });

  test.each([
    ['/outgoing/write-head-reason', 'HTTP/1.1 201 Made'],
    ['/outgoing/write-head-reason-flat', 'HTTP/1.1 201 Made'],
    ['/outgoing/write-head-flat', 'HTTP/1.1 201 Created'],
    ['/outgoing/status-message', 'HTTP/1.1 201 Made'],
  ])('the reason phrase is what the app gave: %s is %s', async (path, statusLine) => {
    expect((await allOf(server.port, path, '1.1', 'Connection: close')).statusLine).toBe(
      statusLine,
    );
  });

  test('early hints come before the response, which is as it would be', async () => {
    const connection = rawConnection(server.port);
    connection.write('GET /outgoing/early-hints HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    const text = await connection.end();
    connection.socket.destroy();
    expect(text).toMatch(
      /^HTTP\/1\.1 103 Early Hints\r\nLink: [^\r]*\r\n\r\nHTTP\/1\.1 200 OK\r\n/,
    );
    await expect
      .poll(() => server.records().filter(({ uri }) => uri === '/outgoing/early-hints'))
      .toEqual([expect.objectContaining({ status: 200, error: '', bytes_out: 5 })]);
  });

  test('426 names the protocols and ends the connection', async () => {
    const { header, statusLine } = await allOf(server.port, '/fields/upgrade-required', '1.1');
    expect(statusLine).toBe('HTTP/1.1 426 Upgrade Required');
    expect(header).toMatch(/^upgrade: h2c$/m);
    expect(header).toMatch(/^connection: upgrade, close$/m);
  });
});
