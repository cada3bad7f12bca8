import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { startWorker, startWranglerDev } from '@edge-ping/serve-testing/worker';
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
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-helpers-'));
  config = join(folder, 'wrangler.toml');
  await writeFile(config, configText);
  await writeFile(join(folder, 'worker.js'), workerText);
  await writeFile(join(folder, '.dev.vars'), 'SECRET=of-the-developer\nGREETING=of-the-developer');
});
afterAll(() => rm(folder, { recursive: true }));

/** Starts the Worker in workerd, as it is. */
const start = (variables?: Record<string, string>, state?: string) =>
  startWorker({ script: workerText, config }, variables, state);

/** Asks a Worker that was just started what it has, and stops it. */
const ask = async (starting: Promise<{ url: string; stop(): Promise<void> }>) => {
  const worker = await starting;
  const { body } = await send(worker.url, { path: '/' });
  await worker.stop();
  return JSON.parse(body);
};

const GREETING = 'Hello';
const SECRET = 'of the test="1"';

test('a Worker has the secrets and the state that it is given, and no others', async () => {
  const state = await mkdtemp(join(folder, 'state-'));
  const remembered = 'value';
  expect(await ask(start({ SECRET }, state))).toEqual({
    GREETING,
    SECRET,
    remembered: null,
  });
  expect(await ask(start({}, state))).toEqual({ GREETING, SECRET: null, remembered });
  expect(await ask(start())).toEqual({ GREETING, SECRET: null, remembered: null });
  // wrangler dev has its state in the same place.
  expect(await ask(startWranglerDev(config, { SECRET }, state))).toEqual({
    GREETING,
    SECRET,
    remembered,
  });
  expect(await ask(startWranglerDev(config))).toEqual({ GREETING, SECRET: null, remembered: null });
});
