import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloudflareApi } from '@edge-ping/serve-testing/cloudflare-api';
import { run } from '@edge-ping/serve-testing/process';
import { startWorker, unattended } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { healthCase } from '../../../test/contract.ts';

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
/** Lets a server listen; resolves with its URL. */
const listen = async (server: Server): Promise<string> => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address?.port}`;
};

let brokenUrl: string;
let home: string;
beforeAll(async () => {
  brokenUrl = await listen(broken);
  home = await mkdtemp(join(tmpdir(), 'edge-ping-home-'));
});
afterAll(async () => {
  broken.close();
  await rm(home, { recursive: true });
});

const UPLOAD = 'Upload a version, which takes no traffic yet';
const TEST_NEW = 'Test the new version at its own URL';
const PROMOTE = 'Promote it';
const SET_TRIGGERS = 'Set routes, domains and cron triggers';
const TEST_LIVE = 'Test what is live';

const PREVIEW = new RegExp(`^https://[0-9a-f]{8}-${HOST}$`);

/** Deploys a Worker that exists, with URLs in place of Cloudflare's. */
const deploy = async ({ isNewBroken = false, isLiveBroken = false }) => {
  const api = await startCloudflareApi(CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN);
  const before = api.deploy();
  let worker: Awaited<ReturnType<typeof startWorker>> | undefined;
  const located: string[] = [];
  // Once it asks for the preview's URL, the version is uploaded.
  const locator = createServer(async (request, response) => {
    const url = new URL(request.url ?? '', 'http://locator').searchParams.get('url') ?? '';
    located.push(url);
    const upload = api.uploads.at(-1);
    const script = upload?.files[String(upload.metadata.main_module)] ?? '';
    worker ??= await startWorker({ script, config: 'wrangler.toml' });
    const isBroken = PREVIEW.test(url) ? isNewBroken : isLiveBroken;
    // Who asks is held up by wrangler for longer than a connection is kept.
    response.setHeader('Connection', 'close').end(isBroken ? brokenUrl : worker.url);
  });
  const { PATH } = process.env;
  const output = join(home, 'output');
  const { ended, stdout, stderr } = run(['node', '.ci/test/release/rehearse-deploy.ts'], {
    env: {
      ...unattended,
      PATH,
      HOME: home,
      CLOUDFLARE_ACCOUNT_ID,
      CLOUDFLARE_API_TOKEN,
      CLOUDFLARE_API_BASE_URL: api.url,
      GITHUB_SHA: 'abc',
      GITHUB_OUTPUT: output,
      LOCATE_AT: await listen(locator),
    },
  });
  const exitCode = await ended;
  await worker?.stop();
  locator.close();
  api.stop();
  expect(located[0]).toMatch(PREVIEW);
  const outputs = (await readFile(output, 'utf8')).trim().split('\n');
  await rm(output);
  expect(outputs[0]).toBe(`live=https://${HOST}`);
  expect(outputs.at(-1)).toBe('unproven=false');
  return {
    exitCode,
    output: [...stdout, ...stderr].join('\n'),
    steps: stdout.flatMap((line) => /^== (.*)/.exec(line)?.[1] ?? []),
    // What took the traffic, one after the other.
    deployed: api.deployed().map((id) => (id === before ? 'old' : 'new')),
  };
};

test('a new version that holds the contract is promoted', async () => {
  const { exitCode, steps, deployed, output } = await deploy({});
  expect(exitCode, output).toBe(0);
  expect(steps).toEqual([UPLOAD, TEST_NEW, PROMOTE, SET_TRIGGERS, TEST_LIVE]);
  expect(deployed).toEqual(['old', 'new']);
});

test('a new version that does not hold the contract takes no traffic', async () => {
  const { exitCode, steps, deployed, output } = await deploy({ isNewBroken: true });
  expect(exitCode, output).toBe(1);
  expect(steps).toEqual([UPLOAD, TEST_NEW]);
  expect(deployed).toEqual(['old']);
});

test('a new version that does not hold the contract once it is live is rolled back', async () => {
  const { exitCode, steps, deployed, output } = await deploy({ isLiveBroken: true });
  expect(exitCode, output).toBe(1);
  expect(steps).toEqual([UPLOAD, TEST_NEW, PROMOTE, SET_TRIGGERS, TEST_LIVE, 'Roll back']);
  expect(deployed).toEqual(['old', 'new', 'old']);
});
