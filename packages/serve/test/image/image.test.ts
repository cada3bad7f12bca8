import { connect } from 'node:net';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import {
  callEngine,
  removeTestArtefacts,
  startContainer,
  testImage,
} from '@edge-ping/serve-testing/engine';
import { beforeAll, describe, expect, test } from 'vitest';
import { serverFolder } from '../support/bundles.ts';
import { openSocket } from '../websocket/client.ts';
import { socketTests } from '../websocket/runner.ts';
import { wireTests } from '../wire/runner.ts';

type Container = Awaited<ReturnType<typeof startContainer>>;

const image = `${testImage}:fixture`;
const flags = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

beforeAll(async () => {
  const file = join(import.meta.dirname, 'Dockerfile');
  await callEngine('build', '--file', file, '--tag', image, await serverFolder());
  return removeTestArtefacts;
}, 600_000);

describe('in a hardened container', () => {
  let container: Container;
  beforeAll(async () => {
    container = await startContainer(image, flags);
    return container.stop;
  });

  wireTests(() => container);
});

describe('WebSockets, in a hardened container', () =>
  socketTests(() => startContainer(image, flags)));

test('with 128 MB of memory, a message in a room comes to 1,000 WebSockets', async () => {
  const container = await startContainer(image, [...flags, '--memory', '128m']);
  const clients = await Promise.all(
    Array.from({ length: 1_000 }, () => openSocket(`${container.url}/chat`)),
  );
  const messages = Array.from({ length: 10 }, (_, index) => `${index} ${'x'.repeat(1_000)}`);
  for (const [index, message] of messages.entries()) clients[index * 100]?.ws.send(message);
  for (const client of clients) {
    await client.messages(messages.length);
    expect(client.received.toSorted()).toEqual(messages);
  }
  const { body } = await send(container.url, { path: '/peak-memory' });
  console.log(`${Math.round(Number(body) / 2 ** 20)} MB at most`);
  const stopped = container.stop();
  for (const { closed } of clients) expect(await closed).toEqual([1001, '']);
  expect(await stopped).toBe(0);
  expect(container.errors()).toEqual([]);
}, 90_000);

test('with 128 MB of memory, a client that it has no room for takes the place of one that waits', async () => {
  const container = await startContainer(image, [...flags, '--memory', '128m']);
  const header = `GET / HTTP/1.1\r\nHost: h\r\nX-Unfinished: ${'x'.repeat(15_000)}`;
  const clients = Array.from({ length: 4_000 }, () =>
    connect(container.port, '127.0.0.1').on('error', () => {}),
  );
  for (const client of clients) client.write(header);
  await expect.poll(() => container.errors()).not.toEqual([]);
  expect(container.errors()[0]?.message).toMatch(
    /^at most \d+ connections at a time, and fewer if the app has files open: \d+ that waited for their clients gave way to new ones, 0 new ones were refused$/,
  );
  for (const client of clients) client.destroy();
  const status = async () => (await send(container.url, { path: '/health' })).status;
  await expect.poll(() => status().catch(() => 0)).toBe(200);
  expect(await container.stop()).toBe(0);
});
