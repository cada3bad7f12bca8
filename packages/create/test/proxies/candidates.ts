import { send } from '@edge-ping/serve-testing/client';
import { freePort, type ServerProcess } from '@edge-ping/serve-testing/process';
import { vi } from 'vitest';
import { nginxGlobals, nginxPaths, startProxy } from './proxy.ts';

/** A proxy, and how it is told to pass all requests from one port to another. */
export interface Candidate {
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

/** The proxies that people put before a service. */
export const candidates: Candidate[] = [
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

/** Starts one of them before a server, and waits until it responds. */
export const startBefore = async ({ command, configuration }: Candidate, server: ServerProcess) => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const proxy = await startProxy(command, (directory) =>
    configuration(port, server.port, directory),
  );
  await vi.waitFor(() => send(url, { path: '/health' }), 10_000);
  return { url, stop: proxy.stop };
};
