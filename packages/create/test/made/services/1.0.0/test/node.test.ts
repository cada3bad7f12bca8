import { send } from '@edge-ping/serve-testing/client';
import { run, startServer } from '@edge-ping/serve-testing/process';
import { nodeTests } from '@edge-ping/serve-testing/targets';
import { expect, test } from 'vitest';
import { service } from './service.ts';

nodeTests(service);

test('its logs and its WebSocket are as they were', async () => {
  const server = await startServer(['node', 'adapters/node.ts'], { env: { ACCESS_LOG: '' } });
  expect((await send(server.url, { path: '/logged' })).body).toBe('logged');
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/echo`);
  const message = new Promise((resolve) => {
    socket.onopen = () => socket.send('hello');
    socket.onmessage = ({ data }) => resolve(data);
  });
  expect(await message).toBe('hello');
  socket.close();
  expect(await server.stop()).toBe(0);
  expect(Object.keys(server.records()[0] ?? {})).toEqual(
    'time id remote_ip host method uri user_agent status error latency latency_human bytes_in bytes_out'.split(
      ' ',
    ),
  );
  expect(server.errors()).toMatchObject([{ level: 'INFO', message: 'seen', aborted: false }]);
});

test('a bad setting ends it with exit code 1, and one line', async () => {
  const { ended, stderr } = run(['node', 'adapters/node.ts'], {
    env: { ...process.env, PORT: 'x' },
  });
  expect(await ended).toBe(1);
  expect(stderr).toEqual(['PORT="x": must be an integer from 0 to 65535']);
});
