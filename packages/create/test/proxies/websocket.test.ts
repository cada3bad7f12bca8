import { send } from '@edge-ping/serve-testing/client';
import { freePort, startServer } from '@edge-ping/serve-testing/process';
import { describe, vi } from 'vitest';
import { fixture } from '../../../serve/test/support/targets.ts';
import { socketTests } from '../../../serve/test/websocket/runner.ts';
import { nginxGlobals, nginxPaths, startProxy } from './proxy.ts';

const nginx = (directory: string, port: number, upstream: number) => `
${nginxGlobals(directory)}
http {
  ${nginxPaths(directory)}
  map $http_upgrade $connection_upgrade {
    default upgrade;
    '' close;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstream};
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
}
`;

const haproxy = (_: string, port: number, upstream: number) => `
defaults
  mode http
  timeout connect 5s
  timeout client 50s
  timeout server 50s
  timeout tunnel 1h
frontend public
  bind 127.0.0.1:${port}
  default_backend fixture
backend fixture
  server fixture 127.0.0.1:${upstream}
`;

describe.each([
  ['nginx', nginx, (path: string) => ['nginx', '-c', path, '-e', 'stderr']],
  ['HAProxy', haproxy, (path: string) => ['haproxy', '-db', '-f', path]],
] as const)('WebSockets behind %s', (_, configuration, command) =>
  socketTests(async () => {
    const server = await startServer(fixture);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const proxy = await startProxy(command, (directory) =>
      configuration(directory, port, server.port),
    );
    await vi.waitFor(() => send(url, { path: '/health' }), 5_000);
    return {
      ...server,
      url,
      async stop() {
        await proxy.stop();
        await server.stop();
      },
    };
  }),
);
