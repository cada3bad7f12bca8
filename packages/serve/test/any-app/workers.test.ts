import { once } from 'node:events';
import { connect } from 'node:net';
import { startWorker } from '@edge-ping/serve-testing/worker';
import { describe, expect, test } from 'vitest';
import { fixtureWorker } from '../support/worker.ts';
import { anyAppTestsAt } from './runner.ts';

describe('any app, in workerd', () =>
  anyAppTestsAt(async (env) => startWorker(await fixtureWorker(), env), {
    platform: 'onWorkers',
  }));

// workerd notices it when it writes.
test('in workerd, a client that leaves aborts the signal of its request', async () => {
  const worker = await startWorker(await fixtureWorker());
  const socket = connect(Number(new URL(worker.url).port), '127.0.0.1').on('error', () => {});
  socket.write('GET /until-abort HTTP/1.1\r\nHost: h\r\nX-Request-Id: r1\r\n\r\n');
  await once(socket, 'data');
  socket.destroy();
  await expect
    .poll(() => worker.errors())
    .toEqual([expect.objectContaining({ message: 'aborted', id: 'r1' })]);
  await worker.stop();
});
