import { tryCaseBehindProxy } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { contract, healthCase } from '../contract.ts';
import { nginxGlobals, nginxPaths, type RunningProxy, startProxy } from '../support/proxy.ts';
import { startCommand } from '../support/targets.ts';

/** A proxy, and how it is told to pass all requests from one port to another. */
interface Candidate {
  name: string;
  command(path: string): string[];
  configuration(port: number, server: number, directory: string): string;
}

const nginx = (name: string, directives: string): Candidate => ({
  name,
  command: (path) => ['nginx', '-c', path, '-e', 'stderr'],
  configuration: (port, server, directory) => `
${nginxGlobals(directory)}
http {
  ${nginxPaths(directory)}
  upstream service {
    server 127.0.0.1:${server};
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
});

const candidates: Candidate[] = [
  {
    name: 'HAProxy',
    command: (path) => ['haproxy', '-db', '-f', path],
    configuration: (port, server) => `
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:${port}
  option forwardfor
  default_backend service
backend service
  server s 127.0.0.1:${server}
`,
  },
  nginx('nginx as it is, with HTTP/1.0', ''),
  nginx(
    'nginx with connections kept',
    'proxy_http_version 1.1;\n      proxy_set_header Connection "";',
  ),
  {
    name: 'Caddy',
    command: (path) => ['caddy', 'run', '--adapter', 'caddyfile', '--config', path],
    configuration: (port, server) => `
{
	admin off
}
:${port} {
	bind 127.0.0.1
	reverse_proxy 127.0.0.1:${server}
}
`,
  },
];

describe.each(candidates)('behind $name', ({ command, configuration }) => {
  let server: ServerProcess;
  let proxy: RunningProxy;
  let url: string;
  beforeAll(async () => {
    server = await startServer(startCommand, { env: { TRUST_PROXY: '1' } });
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    proxy = await startProxy(command, (directory) => configuration(port, server.port, directory));
    await vi.waitFor(() => send(url, { path: healthCase.path }), 10_000);
  });
  afterAll(async () => {
    await proxy.stop();
    await server.stop();
  });

  test.each(contract)('$method $path is $status', async (expected) => {
    const { faults, isByProxy } = await tryCaseBehindProxy(expected, (sent) => send(url, sent));
    if (!isByProxy) expect(faults).toEqual([]);
  });

  test('npm run smoke finds nothing wrong', async () => {
    const { ended, stdout } = run(['npm', 'run', 'smoke', '--', '--behind-proxy', url]);
    expect(await ended, stdout.join('\n')).toBe(0);
  });

  test('the server knows the client, whatever it claims to be', async () => {
    await send(url, {
      path: '/?who',
      headers: { 'X-Forwarded-For': '203.0.113.9' },
      localAddress: '127.0.0.2',
    });
    await expect
      .poll(() => server.records())
      .toContainEqual(expect.objectContaining({ uri: '/?who', remote_ip: '127.0.0.2' }));
  });
});
