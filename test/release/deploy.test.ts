import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloudflareApi } from '@edge-ping/serve-testing/cloudflare-api';
import { startWorker, unattended } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../package.json' with { type: 'json' };
import { healthCase } from '../contract.ts';
import { runJob } from '../support/workflow.ts';

const CLOUDFLARE_ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
const CLOUDFLARE_API_TOKEN = 'the-token';
const HOST = `${manifest.name}.example.workers.dev`;

/** A server that is up, and right in nothing else. */
const broken = createServer((request, response) => {
  if (request.url !== healthCase.path) return response.writeHead(500).end();
  response
    .writeHead(200, { ...healthCase.headers, 'X-Content-Type-Options': 'nosniff' })
    .end(healthCase.body);
});
let brokenUrl: string;
let home: string;
beforeAll(async () => {
  await once(broken.listen(0, '127.0.0.1'), 'listening');
  const address = broken.address();
  brokenUrl = `http://127.0.0.1:${typeof address === 'object' && address?.port}`;
  home = await mkdtemp(join(tmpdir(), 'edge-ping-home-'));
});
afterAll(async () => {
  broken.close();
  await rm(home, { recursive: true });
});

const UPLOAD = 'Upload a version, which takes no traffic yet';
const TEST_NEW = 'Smoke-test the new version at its own URL';
const PROMOTE = 'Promote it';
const SET_TRIGGERS = 'Set cron triggers, which no version has';
const TEST_LIVE = 'Smoke-test what is live';

/** Runs deploy.yml's job for a Worker that exists, with URLs in place of Cloudflare's. */
const deploy = async ({ isNewBroken = false, isLiveBroken = false }) => {
  const api = await startCloudflareApi(CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN);
  const before = api.deploy();
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
  let version: string | undefined;
  const vars: Record<string, string> = { CLOUDFLARE_ACCOUNT_ID };
  const { PATH } = process.env;
  const steps = await runJob('.github/workflows/deploy.yml', 'worker', {
    contexts: { vars, secrets: { CLOUDFLARE_API_TOKEN } },
    env: { ...unattended, PATH, HOME: home, CLOUDFLARE_API_BASE_URL: api.url, GITHUB_SHA: 'abc' },
    async onOutputs(outputs) {
      if (!outputs.preview) return outputs;
      expect(outputs.preview).toMatch(new RegExp(`^https://[0-9a-f]{8}-${HOST}$`));
      expect(outputs.live).toBe(`https://${HOST}`);
      version = outputs.version;
      const upload = api.uploads.at(-1);
      const script = upload?.files[String(upload.metadata.main_module)] ?? '';
      worker = await startWorker({ script, config: 'wrangler.toml' });
      vars.LIVE_URL = isLiveBroken ? brokenUrl : worker.url;
      return { ...outputs, preview: isNewBroken ? brokenUrl : worker.url };
    },
  });
  await worker?.stop();
  api.stop();
  const output = steps.map((step) => `${step.name}: ${step.outcome}\n${step.output}`).join('\n');
  return {
    output,
    steps: steps.map(({ name, outcome }) => [name, outcome]),
    // What took the traffic, one after the other.
    deployed: api.deployed().map((id) => (id === before ? 'old' : id === version ? 'new' : id)),
  };
};

test('a new version that holds the contract is promoted', async () => {
  const { steps, deployed, output } = await deploy({});
  expect(steps, output).toEqual([
    [UPLOAD, 'success'],
    [TEST_NEW, 'success'],
    [PROMOTE, 'success'],
    [SET_TRIGGERS, 'success'],
    [TEST_LIVE, 'success'],
  ]);
  expect(deployed).toEqual(['old', 'new']);
});

test('a new version that does not hold the contract takes no traffic', async () => {
  const { steps, deployed, output } = await deploy({ isNewBroken: true });
  expect(steps, output).toEqual([
    [UPLOAD, 'success'],
    [TEST_NEW, 'failure'],
  ]);
  expect(deployed).toEqual(['old']);
});

test('a new version that does not hold the contract once it is live is rolled back', async () => {
  const { steps, deployed, output } = await deploy({ isLiveBroken: true });
  expect(steps, output).toEqual([
    [UPLOAD, 'success'],
    [TEST_NEW, 'success'],
    [PROMOTE, 'success'],
    [SET_TRIGGERS, 'success'],
    [TEST_LIVE, 'failure'],
    ['Roll back', 'success'],
  ]);
  expect(deployed).toEqual(['old', 'new', 'old']);
});
