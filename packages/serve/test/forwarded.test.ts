import { send } from '@edge-ping/serve-testing/client';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { rawConnection } from './support/raw.ts';
import { fixture } from './support/targets.ts';

const servers = new Map<string, ServerProcess>();
beforeAll(async () => {
  for (const TRUST_PROXY of ['', '1', '2'])
    servers.set(TRUST_PROXY, await startServer(fixture, { env: { TRUST_PROXY } }));
});
afterAll(() => Promise.all(Array.from(servers.values(), (server) => server.stop())));

const urlOf = (trustProxy: string) => servers.get(trustProxy)?.url ?? '';
const host = { Host: 'example.com' };

describe('the scheme that the app sees', () => {
  test.each([
    ['', 'https', 'http'],
    ['1', undefined, 'http'],
    ['1', 'https', 'https'],
    ['1', 'HTTPS', 'https'],
    ['1', ' https ', 'https'],
    ['1', 'http', 'http'],
    ['1', 'http, https', 'https'],
    ['1', 'https, http', 'http'],
    ['1', 'https,', 'http'],
    ['1', '', 'http'],
    ['1', 'wss', 'http'],
    ['1', 'https://evil.example/', 'http'],
    ['1', 'https; x', 'http'],
    ['1', '"https"', 'http'],
    ['1', 'httpsx', 'http'],
    ['2', 'https, http', 'https'],
    ['2', 'http, https', 'http'],
    ['2', 'x, https, http', 'https'],
    ['2', 'https', 'https'], // one of the two has begun the list anew
    ['2', undefined, 'http'],
  ])('with TRUST_PROXY=%s and X-Forwarded-Proto: %s is %s', async (trustProxy, proto, scheme) => {
    const headers = { ...host, ...(proto !== undefined && { 'X-Forwarded-Proto': proto }) };
    for (const path of ['/url', '/url?a=b', '/url?x=%20', '/url?a=//b'])
      expect((await send(urlOf(trustProxy), { path, headers })).body).toBe(
        `${scheme}://example.com${path}`,
      );
  });

  test('takes nothing else of the field, and the Host as it is', async () => {
    const proto = { 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'evil.example' };
    for (const [sent, seen] of [
      ['EXAMPLE.com:443', 'example.com'],
      ['example.com:80', 'example.com:80'],
      ['[::ffff:127.0.0.1]', '[::ffff:7f00:1]'],
      ['127.1', '127.0.0.1'],
    ])
      expect(
        (await send(urlOf('1'), { path: '/url', headers: { ...proto, Host: sent ?? '' } })).body,
      ).toBe(`https://${seen}/url`);
  });

  test.each([
    ['GET /../url HTTP/1.1', 'https://h/url'],
    ['GET //evil.example/url HTTP/1.1', undefined],
    ['GET http://h/url HTTP/1.1', 'https://h/url'],
    ['GET HTTP://H/url HTTP/1.1', 'https://h/url'],
    ['GET https://h/url HTTP/1.1', 'https://h/url'],
  ])('%s is %s', async (line, url) => {
    const connection = rawConnection(servers.get('1')?.port ?? 0);
    connection.write(`${line}\r\nHost: h\r\nX-Forwarded-Proto: https\r\n\r\n`);
    const { status, body } = await connection.response();
    connection.socket.destroy();
    if (url === undefined) expect(status).toBe(404);
    else expect(body).toBe(url);
  });

  test('changes from request to request on a kept connection', async () => {
    const connection = rawConnection(servers.get('1')?.port ?? 0);
    for (const scheme of ['https', 'http', 'https', 'https', 'http']) {
      connection.write(`GET /url HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: ${scheme}\r\n\r\n`);
      expect((await connection.response()).body).toBe(`${scheme}://h/url`);
    }
    connection.socket.destroy();
  });

  test('two fields are one list', async () => {
    const connection = rawConnection(servers.get('1')?.port ?? 0);
    const fields = 'X-Forwarded-Proto: http\r\nX-Forwarded-Proto: https\r\n';
    connection.write(`GET /url HTTP/1.1\r\nHost: h\r\n${fields}\r\n`);
    expect((await connection.response()).body).toBe('https://h/url');
    connection.socket.destroy();
  });
});

test('behind a proxy that ends TLS, csrf() lets its own origin pass, and no other', async () => {
  const post = (trustProxy: string, origin: string) =>
    send(urlOf(trustProxy), {
      method: 'POST',
      path: '/csrf',
      headers: {
        ...host,
        Origin: origin,
        'X-Forwarded-Proto': 'https',
        'Content-Type': 'application/x-www-form-urlencoded',
      },
    }).then(({ status }) => status);
  expect(await post('1', 'https://example.com')).toBe(200);
  expect(await post('1', 'http://example.com')).toBe(403);
  expect(await post('1', 'https://evil.example')).toBe(403);
  expect(await post('', 'https://example.com')).toBe(403);
});

test('behind a proxy that ends TLS, a redirect stays there', async () => {
  const headers = { ...host, 'X-Forwarded-Proto': 'https' };
  const { headers: received } = await send(urlOf('1'), { path: '/redirect-to-url', headers });
  expect(received.location).toBe('https://example.com/x');
});

test.each(['', '1'])(
  'with TRUST_PROXY=%s, a target in absolute form decides on no scheme, and the record has its host',
  async (trustProxy) => {
    const connection = rawConnection(servers.get(trustProxy)?.port ?? 0);
    const fields = 'Host: other\r\nX-Forwarded-Proto: http\r\n';
    connection.write(`GET https://h.example/url?absolute HTTP/1.1\r\n${fields}\r\n`);
    expect((await connection.response()).body).toBe('http://h.example/url?absolute');
    connection.socket.destroy();
    await expect
      .poll(() => servers.get(trustProxy)?.records() ?? [])
      .toContainEqual(
        expect.objectContaining({ uri: 'https://h.example/url?absolute', host: 'h.example' }),
      );
  },
);

test('of two proxies, the address is that of the list which the inner one has begun anew', async () => {
  const headers = { ...host, 'X-Forwarded-For': '192.0.2.7' };
  await send(urlOf('2'), { path: '/url?one-entry', headers });
  await expect
    .poll(() => servers.get('2')?.records() ?? [])
    .toContainEqual(expect.objectContaining({ uri: '/url?one-entry', remote_ip: '192.0.2.7' }));
});

test('the record has the target as it came', async () => {
  const headers = { ...host, 'X-Forwarded-Proto': 'https' };
  await send(urlOf('1'), { path: '/url?record', headers });
  await expect
    .poll(() => servers.get('1')?.records() ?? [])
    .toContainEqual(expect.objectContaining({ uri: '/url?record', host: 'example.com' }));
});
