import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { anyAppTests } from './support/any-app-tests.ts';
import { type Sent, send } from './support/client.ts';
import { run, startServer } from './support/process.ts';
import { bundleWorker, startWorker } from './support/worker.ts';

const FIXTURE = 'a value of the platform';

const withSend = <Target extends { url: string }>(target: Target) => ({
  ...target,
  send: (sent: Sent) => send(target.url, sent),
});

const startNode = async (...command: string[]) =>
  withSend(await startServer(command, { env: { FIXTURE } }));

/** Bundles the fixture by the command that bundles the product. */
const startBundle = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-ping-bundle-'));
  const bundle = join(directory, 'server.js');
  const build = manifest.scripts.build
    .replace('adapters/node.ts', 'test/fixtures/node.ts')
    .replace('dist/server.js', bundle);
  expect(await run([...build.split(' '), '--log-level=error']).ended).toBe(0);
  const server = await startNode('node', bundle);
  const stop = async () => {
    await server.stop();
    await rm(directory, { recursive: true });
  };
  return { ...server, stop };
};

const startWorkerd = async () =>
  withSend(await startWorker(await bundleWorker('test/fixtures/worker.ts'), { FIXTURE }));

describe('any app, on Node', () => anyAppTests(() => startNode('node', 'test/fixtures/node.ts')));
describe('any app, on Node, bundled', () => anyAppTests(startBundle));
describe('any app, on workerd', () => anyAppTests(startWorkerd, 'onWorkers'));
