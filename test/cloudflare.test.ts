import { run } from '@edge-ping/serve/testing/process';
import { bundleWorker, startWorker, wranglerEnv } from '@edge-ping/serve/testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contractTestsAt } from './support/contract-tests.ts';

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

describe('wrangler dev', () => {
  let url: string;
  let dev: ReturnType<typeof run>;
  beforeAll(async () => {
    // wrangler's own choice of an inspector's port can be another wrangler's, started at the same time.
    const ports = ['--port', '0', '--inspector-port', '0'];
    // A group of its own, so that wrangler and the workerd that it starts end together.
    dev = run(['wrangler', 'dev', '--ip', '127.0.0.1', ...ports], {
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
