import { tryCaseBehindProxy } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contract } from '../../../../test/contract.ts';
import { candidates, startBefore } from './candidates.ts';

describe.each(candidates)('behind $name', (candidate) => {
  let server: ServerProcess;
  let proxy: Awaited<ReturnType<typeof startBefore>>;
  let url: string;
  beforeAll(async () => {
    server = await startServer(['node', 'adapters/node.ts'], { env: { TRUST_PROXY: '1' } });
    proxy = await startBefore(candidate, server);
    url = proxy.url;
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
