import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anyAppTestsAt, fixtureEnv } from './support/any-app-tests.ts';
import { send } from './support/client.ts';
import { contractTestsAt } from './support/contract-tests.ts';
import { run } from './support/process.ts';
import { bundleWorker, startWorker, wranglerEnv } from './support/worker.ts';

type Worker = Awaited<ReturnType<typeof startWorker>>;

describe('the bundle that wrangler uploads, in workerd', () => {
  let worker: Worker;
  let output: string;
  beforeAll(async () => {
    const bundle = await bundleWorker();
    ({ output } = bundle);
    worker = await startWorker(bundle);
  });
  afterAll(() => worker.stop());

  contractTestsAt(() => worker.url);

  test('is made without a warning', () => {
    expect(output).not.toMatch(/warn/i);
  });
});

describe('a route that goes wrong, in workerd', () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await startWorker(await bundleWorker('test/fixtures/worker.ts'));
  });
  afterAll(() => worker.stop());

  test.each([
    ['/throw/error', 'thrown: a secret'],
    ['/reject/error', 'thrown: a secret'],
  ])('%s is a 500 that tells nothing, logged once', async (path, error) => {
    const before = worker.errors().length;
    const { status, headers, body } = await send(worker.url, { path });
    expect(status).toBe(500);
    expect(headers['content-type']).toBe('application/json');
    expect(body).toBe('{"message":"Internal Server Error"}');
    await expect
      .poll(() => worker.records().filter(({ uri }) => uri === path))
      .toEqual([expect.objectContaining({ status: 500, error })]);
    expect(worker.errors().slice(before)).toEqual([
      {
        time: expect.any(String),
        level: 'ERROR',
        message: error,
        stack: expect.stringContaining(`Error: ${error}\n`),
      },
    ]);
    expect((await send(worker.url, { path: '/health' })).status).toBe(200);
  });
});

describe('any app, in workerd', () =>
  anyAppTestsAt(
    async () => startWorker(await bundleWorker('test/fixtures/worker.ts'), fixtureEnv),
    'onWorkers',
  ));

describe('wrangler dev', () => {
  let url: string;
  let dev: ReturnType<typeof run>;
  beforeAll(async () => {
    // A group of its own, so that wrangler and the workerd that it starts end together.
    dev = run(['wrangler', 'dev', '--port', '0', '--ip', '127.0.0.1'], {
      env: wranglerEnv,
      detached: true,
    });
    url = await new Promise((resolve, reject) => {
      dev.child.stdout?.on('data', () => {
        const ready = /Ready on (http:\S+)/.exec(dev.stdout.join('\n'))?.[1];
        if (ready) resolve(ready);
      });
      dev.ended.then((code) => reject(new Error(`ended with ${code}: ${dev.stderr.join('\n')}`)));
    });
  });
  afterAll(async () => {
    process.kill(-(dev.child.pid ?? 0), 'SIGTERM');
    await dev.ended;
  });

  contractTestsAt(() => url);
});
