import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { wranglerEnv } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';

const STAGING = '# [env.staging]';

let directory: string;
let settings: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wrangler-'));
  await mkdir(join(directory, 'public'));
  settings = await readFile('wrangler.toml', 'utf8');
});
afterAll(() => rm(directory, { recursive: true }));

/** Makes the settings that are commented out, but not the sentences above them, count. */
const uncommented = (text: string): string => text.replaceAll(/^# (?=\[|[a-z_]+ = )/gm, '');

// The environment is tried alone: it would lack the bindings of the others, and wrangler warns.
test.each([
  ['all but the environment', (at: number) => [0, at], []],
  ['the environment', (at: number) => [at], ['--env', 'staging']],
] as const)('wrangler takes what wrangler.toml has commented out: %s', async (_, range, args) => {
  const part = settings.slice(...range(settings.indexOf(STAGING)));
  const text = settings.replace(part, uncommented);
  expect(text).not.toBe(settings);
  const config = join(directory, 'wrangler.toml');
  await writeFile(config, text.replace('"adapters/', `"${resolve('adapters')}/`));
  const command = ['wrangler', 'deploy', '--dry-run', '--config', config, ...args];
  const { ended, stdout, stderr } = run(command, { env: wranglerEnv });
  expect(await ended).toBe(0);
  expect([...stdout, ...stderr].join('\n')).not.toMatch(/warn|error/i);
});
