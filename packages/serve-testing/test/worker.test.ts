import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import {
  bundleWorker,
  startWorker,
  startWranglerDev,
  type WorkerBundle,
} from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';

const configText = `
name = "remembers"
main = "worker.js"
compatibility_date = "2026-11-17"
kv_namespaces = [{ binding = "KV", id = "kv" }]
vars = { GREETING = "Hello" }`;

const workerText = `
export default {
  async fetch(_, { KV, GREETING, SECRET = null }) {
    const remembered = await KV.get('key');
    await KV.put('key', 'value');
    return Response.json({ GREETING, SECRET, remembered });
  },
};`;

let folder: string;
let config: string;
let bundle: WorkerBundle;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-helpers-'));
  config = join(folder, 'wrangler.toml');
  await writeFile(config, configText);
  await writeFile(join(folder, 'worker.js'), workerText);
  await writeFile(join(folder, '.dev.vars'), 'SECRET=of-the-developer\nGREETING=of-the-developer');
  bundle = await bundleWorker(config);
});
afterAll(() => rm(folder, { recursive: true }));

type Start = (
  variables?: Record<string, string>,
  state?: string,
) => Promise<{ url: string; stop(): Promise<void> }>;

test.each<[string, Start]>([
  ['startWorker', (...given) => startWorker(bundle, ...given)],
  ['startWranglerDev', (...given) => startWranglerDev(config, ...given)],
])('%s has the secrets and the state that it is given, and no others', async (_, start) => {
  const ask = async (variables?: Record<string, string>, state?: string) => {
    const worker = await start(variables, state);
    const { body } = await send(worker.url, { path: '/' });
    await worker.stop();
    return JSON.parse(body);
  };
  const state = await mkdtemp(join(folder, 'state-'));
  const GREETING = 'Hello';
  const SECRET = 'of the test="1"';
  expect(await ask({ SECRET }, state)).toEqual({ GREETING, SECRET, remembered: null });
  expect(await ask({}, state)).toEqual({ GREETING, SECRET: null, remembered: 'value' });
  expect(await ask()).toEqual({ GREETING, SECRET: null, remembered: null });
});
