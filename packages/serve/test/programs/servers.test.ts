import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { send } from '@edge-ping/serve-testing/client';
import { freePort } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import type { Kind } from './serving.ts';
import { start } from './start.ts';

describe.each<Kind>(['node-server', 'library'])('served by %s', (kind) => {
  test('a tool keeps its arguments, its signals, its exit code and its log, and takes another port than one in use', async () => {
    const other = createServer().listen(0);
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const server = await start('cli', kind, {}, [`--port=${port}`]);
    expect(server.stderr).toContain(`port ${port} is in use`);
    expect(server.port).not.toBe(port);
    const { body } = await send(server.url, { path: '/arguments' });
    expect(JSON.parse(body)).toEqual([`--port=${port}`]);
    expect(await server.stop()).toBe(7);
    expect(server.stdout).toEqual([]);
    other.close();
  });

  test('a service counts its requests, and its metrics have a server of their own, which ends with it', async () => {
    const metricsPort = await freePort();
    const server = await start('prometheus', kind, { METRICS_PORT: String(metricsPort) });
    for (const path of ['/', '/', '/broken', '/nothing']) await send(server.url, { path });
    const metrics = () => send(`http://127.0.0.1:${metricsPort}`, { path: '/metrics' });
    await expect
      .poll(async () => (await metrics()).body.split('\n').filter((line) => !line.startsWith('#')))
      .toEqual([
        'http_requests_total{method="GET",status="200"} 2',
        'http_requests_total{method="GET",status="503"} 1',
        'http_requests_total{method="GET",status="404"} 1',
        '',
      ]);
    expect((await metrics()).headers['content-type']).toMatch(/^text\/plain; ?version=0.0.4/);
    const code = await server.stop();
    await expect(metrics()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    if (kind === 'node-server') return;
    expect(code).toBe(0);
    expect(server.records().map(({ uri }) => uri)).toEqual(['/', '/', '/broken', '/nothing']);
    expect(server.stderr).toHaveLength(2); // the start line, and one of the 503
  });
});
