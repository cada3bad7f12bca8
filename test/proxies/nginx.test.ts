import { send } from '@edge-ping/serve/testing/client';
import { freePort, type ServerProcess, startServer } from '@edge-ping/serve/testing/process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { contractTests } from '../support/contract-tests.ts';
import { startProxy } from '../support/proxy.ts';
import { startCommand } from '../support/targets.ts';

describe.each([
  ['as it is, with HTTP/1.0', ''],
  ['with connections kept', 'proxy_http_version 1.1;\n      proxy_set_header Connection "";'],
])('nginx %s', (_, directives) => {
  let server: ServerProcess;
  let proxy: Awaited<ReturnType<typeof startProxy>>;
  let url: string;
  beforeAll(async () => {
    server = await startServer(startCommand, { env: { TRUST_PROXY: '1' } });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    proxy = await startProxy(
      (path) => ['nginx', '-c', path, '-e', 'stderr'],
      (directory) => `
daemon off;
pid ${directory}/pid;
events {}
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${directory}/${name};`).join('\n  ')}
  upstream service {
    server 127.0.0.1:${server.port};
    keepalive 16;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://service;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${directives}
    }
  }
}
`,
    );
    await vi.waitFor(() => send(url, { path: '/' }), 5_000);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  // nginx refuses a bad percent-encoding itself, so it is asked for another path that is none.
  contractTests((sent) => send(url, { ...sent, path: sent.path === '/%zz' ? '/zz' : sent.path }));

  test('tells the server who the client is', async () => {
    await send(url, { path: '/?who', localAddress: '127.0.0.2' });
    await expect
      .poll(() => server.records())
      .toContainEqual(expect.objectContaining({ uri: '/?who', remote_ip: '127.0.0.2' }));
  });
});
