import { send } from '@edge-ping/serve-testing/client';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe, expect, test } from 'vitest';
import { fixtureWorker, oldWorkerConfig } from '../support/worker.ts';
import { malformed, socketCases } from './cases.ts';
import { openSocket } from './client.ts';
import { frame, opcodes, rawSocket } from './frames.ts';
import { socketTests } from './runner.ts';

describe('WebSockets, in workerd', () =>
  socketTests(async () => startWorker(await fixtureWorker()), malformed));

describe('WebSockets, in workerd as of 2021', () =>
  socketTests(
    async () => startWorker(await fixtureWorker(oldWorkerConfig)),
    malformed,
    socketCases.filter(({ path }) => path !== '/ws/async-context'),
  ));

test.each([
  ['a reserved bit', frame(opcodes.text, 'a', { reserved: 0x40 })],
  ['a reserved opcode', frame(3, 'a')],
])('in workerd, %s closes the WebSocket, and its code is in the record', async (_, bytes) => {
  const worker = await startWorker(await fixtureWorker());
  const members = async () => (await send(worker.url, { path: '/chat/members' })).body;
  const connection = await rawSocket(Number(new URL(worker.url).port), '/chat');
  expect(await members()).toBe('1');
  connection.write(bytes);
  expect(await connection.end()).toContain('\x03\xea');
  await expect.poll(members).toBe('0');
  const error = expect.stringMatching(/^closed with code 1002: ./);
  await expect
    .poll(() => worker.records().filter(({ uri }) => uri === '/chat'))
    .toEqual([expect.objectContaining({ status: 101, error })]);
  connection.socket.destroy();
  await worker.stop();
});

test('in workerd, a client that vanishes has its record, and a message for the client of another request an ERROR line', async () => {
  const worker = await startWorker(await fixtureWorker());
  const other = await openSocket(`${worker.url}/chat`);
  const sender = await openSocket(`${worker.url}/chat`);
  sender.ws.send('hello');
  expect((await sender.closed)[0]).toBe(1011);
  const message = expect.stringContaining('on behalf of a different request');
  await expect
    .poll(() => worker.errors())
    .toMatchObject([{ level: 'ERROR', uri: '/chat', message }]);
  other.ws.terminate();
  await expect
    .poll(() => worker.records())
    .toMatchObject([{ error: message }, { status: 101, error: 'the client left' }]);
  await worker.stop();
});

test('in a Durable Object, a message comes to the clients of other requests', async () => {
  const worker = await startWorker(await fixtureWorker());
  const clients = [
    await openSocket(`${worker.url}/room/chat`),
    await openSocket(`${worker.url}/room/chat`),
  ];
  clients[0]?.ws.send('hello');
  for (const client of clients) {
    await client.messages(1);
    expect(client.received).toEqual(['hello']);
    client.ws.close(1000);
    expect(await client.closed).toEqual([1000, '']);
  }
  await worker.stop();
});
