import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { send } from '@edge-ping/serve-testing/client';
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
});
