import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { anyApp, type Owed } from './any-app.ts';
import { adapterHeaders, healthCase } from './contract.ts';
import { send, tryCase } from './support/client.ts';
import { run, startServer } from './support/process.ts';
import { bundleWorker, startWorker } from './support/worker.ts';

const patience = { timeout: 10_000 };
const FIXTURE = 'a value of the platform';

const startNode = (...command: string[]) => startServer(command, { env: { FIXTURE } });

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

const targets = {
  Node: () => startNode('node', 'test/fixtures/node.ts'),
  'Node, bundled': startBundle,
  workerd: async () => startWorker(await bundleWorker('test/fixtures/worker.ts'), { FIXTURE }),
};

describe.each(Object.entries(targets))('any app, on %s', (name, start) => {
  let target: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  test.each(anyApp)('$path', async ({ method = 'GET', path, requestBody, onWorkers, ...owed }) => {
    const { status, body, headers, record, errors }: Owed =
      name === 'workerd' ? { ...owed, ...onWorkers } : owed;
    const [recordsBefore, errorsBefore] = [target.records().length, target.errors().length];
    const response = send(target.url, { method, path, requestBody });
    if (status === 'cut') await expect(response).rejects.toThrow();
    else
      expect(await response).toMatchObject({
        status,
        headers: { ...headers, ...adapterHeaders },
        ...(body !== undefined && { body }),
      });
    await expect
      .poll(() => target.records().slice(recordsBefore), patience)
      .toEqual([expect.objectContaining({ method, uri: path, ...record })]);
    const newErrors = () =>
      target
        .errors()
        .slice(errorsBefore)
        .map(({ level, message }) => `${level} ${message}`);
    await expect.poll(newErrors, patience).toEqual(errors.map((message) => `ERROR ${message}`));
    expect(await tryCase(healthCase, (sent) => send(target.url, sent))).toEqual([]);
    await expect.poll(() => target.records().length, patience).toBe(recordsBefore + 2);
  });
});
