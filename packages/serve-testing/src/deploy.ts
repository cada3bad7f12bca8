import { execFileSync } from 'node:child_process';
import { appendFileSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Service } from './service.ts';
import { smoke } from './smoke.ts';

export const usage = `Usage: serve-testing deploy

Uploads a version of the Worker that takes no traffic, holds it to the contract at its own URL, promotes it, and
holds what is live to the contract; if that fails, the version before is back. Migrations of a D1 database, in
migrations/*.sql, are applied before, so what serves until then must work with them, too.

Environment: CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN, as wrangler reads them; LIVE_URL, where what is
live is tested, if not at the Worker's workers.dev URL; GITHUB_SHA names the version.`;

const { GITHUB_SHA = 'by hand', GITHUB_OUTPUT } = process.env;

/** Runs wrangler, which must succeed, and says what it is for. */
const wrangler = (what: string, args: string[], env = {}): void => {
  console.log(`== ${what}`);
  execFileSync('npx', ['wrangler', ...args], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32', // npx is a script there
    env: { ...process.env, ...env },
  });
};

interface Upload {
  type: string;
  version_id: string;
  preview_url?: string;
}

/** Uploads a version; returns its id and its URL. */
const uploadVersion = (): { id: string; preview: string } => {
  const folder = mkdtempSync(join(tmpdir(), 'deploy-'));
  const output = join(folder, 'output.ndjson');
  try {
    wrangler(
      'Upload a version, which takes no traffic yet',
      ['versions', 'upload', '--message', GITHUB_SHA],
      { WRANGLER_OUTPUT_FILE_PATH: output },
    );
    const entries: Upload[] = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const upload = entries.find(({ type }) => type === 'version-upload');
    if (!upload?.preview_url)
      throw new Error('no preview URL: preview_urls must be on, here and in the account');
    return { id: upload.version_id, preview: upload.preview_url };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

/** Sets an output of the step of a workflow that this may be. */
const setOutput = (name: string, value: string | boolean): void => {
  if (GITHUB_OUTPUT) appendFileSync(GITHUB_OUTPUT, `${name}=${value}\n`);
};

/** Holds what is at a URL to the contract. */
const smokeAt = async (what: string, service: Service, url: string): Promise<void> => {
  console.log(`== ${what}`);
  if ((await smoke(service, ['--wait', '60', url])) !== 0)
    throw new Error(`${url} does not hold the contract`);
};

/** What a program may set besides. */
export interface DeployOptions {
  /** Where a URL of the Worker is reached, if not there: in a rehearsal. */
  locate?(url: string): Promise<string>;
}

/**
 * Deploys as a program does; see `usage`. Resolves with the exit code. In a workflow of GitHub's, its output `live`
 * is the URL of what is live, and `unproven` is true while what takes the traffic has not been tested there.
 */
export const deploy = async (
  service: Service,
  { locate = async (url) => url }: DeployOptions = {},
): Promise<number> => {
  let isPromoted = false;
  try {
    if (globSync('migrations/*.sql').length > 0)
      wrangler('Apply the migrations', ['d1', 'migrations', 'apply', 'DB', '--remote']);
    const { id, preview } = uploadVersion();
    // The live URL is the preview's without the version's eight digits.
    const live = process.env.LIVE_URL || preview.replace(/\/\/[0-9a-f]{8}-/, '//');
    setOutput('live', live);
    await smokeAt('Test the new version at its own URL', service, await locate(preview));
    const version = ['versions', 'deploy', `${id}@100%`, '--yes', '--message', GITHUB_SHA];
    wrangler('Promote it', version);
    isPromoted = true;
    setOutput('unproven', true);
    wrangler('Set routes, domains and cron triggers', ['triggers', 'deploy']);
    await smokeAt('Test what is live', service, await locate(live));
    setOutput('unproven', false);
    return 0;
  } catch (error) {
    console.error(`deploy: ${error instanceof Error ? error.message : error}`);
    // Before the promotion the version that serves is still the good one.
    const message = `${GITHUB_SHA} failed its smoke test`;
    if (isPromoted) wrangler('Roll back', ['rollback', '--yes', '--message', message]);
    setOutput('unproven', false);
    return 1;
  }
};
