import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCloudflareApi } from '@edge-ping/serve-testing/cloudflare-api';
import { run } from '@edge-ping/serve-testing/process';
import { unattended } from '@edge-ping/serve-testing/worker';
import { expect, test } from 'vitest';

const CLOUDFLARE_ACCOUNT_ID = '0123456789abcdef0123456789abcdef';
const CLOUDFLARE_API_TOKEN = 'the-token';

test('npm run deploy applies the migrations, and uploads the Worker with its page and its cron job', async () => {
  const api = await startCloudflareApi(CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN);
  const home = await mkdtemp(join(tmpdir(), 'links-home-'));
  const { PATH } = process.env;
  const account = { CLOUDFLARE_ACCOUNT_ID, CLOUDFLARE_API_TOKEN };
  const { ended, stdout, stderr } = run(['npm', 'run', 'deploy'], {
    env: { ...unattended, ...account, PATH, HOME: home, CLOUDFLARE_API_BASE_URL: api.url },
  });
  const exitCode = await ended;
  const output = [...stdout, ...stderr].join('\n');
  api.stop();
  await rm(home, { recursive: true });

  expect(exitCode, output).toBe(0);
  expect(output).not.toMatch(/warn|error/i);
  expect(api.queries.at(-1)).toMatch(/CREATE TABLE links/);
  const [upload] = api.uploads;
  expect(upload?.metadata.bindings).toMatchObject([
    { name: 'DB', type: 'd1' },
    { name: 'ASSETS', type: 'assets' },
  ]);
  expect(api.settings).toMatchObject({
    assets: { manifest: { '/index.html': {}, '/links.js': {} } },
    schedules: [{ cron: '0 * * * *' }],
  });
});
