import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { onTestFinished, test } from 'vitest';
import { makeService, succeed } from '../made/made-service.ts';

const TIMEOUT = 1_200_000; // it downloads and builds, on a busy machine

test.each(['container', 'node,container,workers,lambda'])(
  'a new service for %s passes run-test-stage, and its images hold its contract',
  { timeout: TIMEOUT },
  async (targets) => {
    const service = await makeService('shipped', `--targets ${targets}`);
    onTestFinished(() => rm(dirname(service), { recursive: true }));
    await succeed('npm run test:image', service);
    const engine = process.env.CONTAINER_ENGINE ?? 'docker';
    const stage = '--target run-test-stage --tag made-service:tests';
    await succeed(`${engine} build --file Dockerfile.multistage ${stage} .`, service);
    await succeed(`${engine} image rm made-service:tests`, service);
  },
);
