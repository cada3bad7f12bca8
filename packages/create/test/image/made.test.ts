import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { engine } from '@edge-ping/serve-testing/engine';
import { onTestFinished, test } from 'vitest';
import { makeService, succeed } from '../made/made-service.ts';

const TIMEOUT = 1_200_000; // it downloads and builds, on a busy machine

// With all targets it is what stands at the root, whose images have tests of their own.
test('a new service for containers passes run-test-stage, and its images hold its contract', {
  timeout: TIMEOUT,
}, async () => {
  const service = await makeService('shipped', '--targets container');
  onTestFinished(() => rm(dirname(service), { recursive: true }));
  await succeed('npm run test:image', service);
  const stage = '--target run-test-stage --tag made-service:tests';
  await succeed(`${engine} build --file Dockerfile.multistage ${stage} .`, service);
  await succeed(`${engine} image rm made-service:tests`, service);
});
