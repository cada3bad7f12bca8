import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe, expect, test } from 'vitest';
import { fixtureWorker } from '../support/targets.ts';
import { openSocket } from './client.ts';
import { socketTests } from './runner.ts';

describe('WebSockets, in workerd', () =>
  socketTests(async () => startWorker(await fixtureWorker())));

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
