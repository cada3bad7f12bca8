import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Received, Sent } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ErrorRecord } from '../../src/log/error-record.ts';

/** A target that serves the routes of routes.ts. */
export interface BackgroundTarget {
  send(sent: Sent): Promise<Received>;
  errors(): ErrorRecord[];
  /** What is on stderr beside the ERROR lines. */
  plainLines(): string[];
  stop(): Promise<unknown>;
}

const accepted = { status: 200, body: 'accepted' };

/** Declares the tests of what goes on after a response. */
export const backgroundTests = (start: () => Promise<BackgroundTarget>): void => {
  let target: BackgroundTarget;
  let observer: Server;
  let notified: string[] = [];
  beforeAll(async () => {
    observer = createServer((request, response) => {
      notified.push(request.url ?? '');
      response.end();
    }).listen(0, '127.0.0.1');
    await once(observer, 'listening');
    target = await start();
  });
  afterAll(async () => {
    await target.stop();
    observer.close();
  });

  const get = (path: string) => {
    const { port } = observer.address() as AddressInfo;
    return target.send({ path: `${path}?notify=http://127.0.0.1:${port}/` });
  };

  test('a task goes on after its response', async () => {
    notified = [];
    expect(await get('/task')).toMatchObject(accepted);
    await expect.poll(() => notified).toEqual(['/']);
  });

  test('a task may begin another', async () => {
    notified = [];
    expect(await get('/task-of-a-task')).toMatchObject(accepted);
    await expect.poll(() => notified).toEqual(['/', '/?second']);
  });

  test.each([
    ['/task-that-rejects', 'a failed task'],
    ['/task-that-rejects-later', 'a string'],
  ])('%s has an ERROR line, and does no harm', async (path, message) => {
    const before = target.errors().length;
    expect(await get(path)).toMatchObject(accepted);
    const told = () =>
      target
        .errors()
        .slice(before)
        .map(({ level, message, method, uri }) => ({
          level,
          message,
          method,
          path: uri?.split('?')[0],
        }));
    await expect.poll(told).toEqual([{ level: 'ERROR', message, method: 'GET', path }]);
    expect((await target.send({ path: '/health' })).status).toBe(200);
  });

  test('the signal of the shutdown can be used by many requests at once', async () => {
    const before = target.plainLines();
    for (let round = 0; round < 5; round += 1)
      for (const response of await Promise.all(Array(10).fill('/shutdown').map(get)))
        expect(response).toMatchObject({ status: 200, body: '{"aborted":false}' });
    expect(target.plainLines()).toEqual(before);
  });
};
