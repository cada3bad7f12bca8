import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloudflareApi, type Upload } from '@edge-ping/serve-testing/cloudflare-api';
import { run } from '@edge-ping/serve-testing/process';
import { serviceTests } from '@edge-ping/serve-testing/targets';
import { startWorker, unattended } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { service } from '../../../test/service.ts';

const CLOUDFLARE_ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
const CLOUDFLARE_API_TOKEN = 'the-token';

let api: Awaited<ReturnType<typeof startCloudflareApi>>;
let home: string;
beforeAll(async () => {
  api = await startCloudflareApi(CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN);
  home = await mkdtemp(join(tmpdir(), 'home-'));
});
afterAll(async () => {
  api.stop();
  await rm(home, { recursive: true });
});

/** Deploys as a user does who has nothing set but this, and reaches no account but the stand-in's. */
const deploy = async (settings: Record<string, string>) => {
  const { PATH, NODE_COMPILE_CACHE } = process.env;
  const { ended, stdout, stderr } = run(['npm', 'run', 'deploy'], {
    env: {
      ...unattended,
      PATH,
      NODE_COMPILE_CACHE,
      HOME: home,
      CLOUDFLARE_API_BASE_URL: api.url,
      ...settings,
    },
  });
  const exitCode = await ended;
  return { exitCode, output: [...stdout, ...stderr].join('\n') };
};

// wrangler makes other calls, and another upload, where the Worker exists.
describe.each(['first', 'next'])('the %s npm run deploy', (time) => {
  let result: Awaited<ReturnType<typeof deploy>>;
  let upload: Upload;
  let main: string;
  let worker: Awaited<ReturnType<typeof startWorker>>;
  beforeAll(async () => {
    result = await deploy({ CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN });
    const latest = api.uploads.at(time === 'first' ? 0 : 1);
    if (!latest) throw new Error(result.output);
    upload = latest;
    main = String(upload.metadata.main_module);
    worker = await startWorker({ script: upload.files[main] ?? '', config: 'wrangler.toml' });
  });
  afterAll(() => worker.stop());

  test('succeeds without a warning and says where the Worker is', () => {
    expect(result).toEqual({
      exitCode: 0,
      output: expect.stringContaining(`\n  https://${manifest.name}.example.workers.dev\n`),
    });
    expect(result.output).not.toMatch(/warn|error/i);
  });

  test('uploads one module and its source map', () => {
    expect(Object.keys(upload.files)).toEqual([main, `${main}.map`]);
  });

  test('uploads no path of the machine that it ran on', () => {
    const { sources } = JSON.parse(upload.files[`${main}.map`] ?? '');
    expect(sources).toContain('src/app.ts');
    for (const source of sources)
      expect(source).toMatch(/^(src|adapters|packages\/serve\/src|node_modules)\//);
    // In the build of the image it is /app/, which the relative paths of the library contain, too.
    const before = JSON.stringify(upload).split(`${process.cwd()}/`).slice(0, -1);
    expect(before.filter((text) => !/[\w.]$/.test(text))).toEqual([]);
  });

  test('puts it on workers.dev, with preview URLs', () => {
    expect(api.settings.subdomain).toEqual({ enabled: true, previews_enabled: true });
  });

  serviceTests(service, () => worker.url);
});

test('the next npm run deploy gives all traffic to what it uploaded', () => {
  expect(api.settings.deployments).toMatchObject({ versions: [{ percentage: 100 }] });
});

test.concurrent.each([
  ['no token', '', "it's necessary to set a CLOUDFLARE_API_TOKEN environment variable"],
  ['a token that is refused', 'another', 'Authentication error [code: 10000]'],
])('with %s npm run deploy fails, says so and uploads nothing more', async (_, token, message) => {
  const result = await deploy({ CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN: token });
  expect(result).toEqual({ exitCode: 1, output: expect.stringContaining(message) });
  expect(api.uploads).toHaveLength(2);
});
