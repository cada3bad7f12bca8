import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { freePort, run } from '@edge-ping/serve-testing/process';
import { vi } from 'vitest';

/** Where the tools of package.json are installed. */
export const tools = join(import.meta.dirname, 'node_modules');

const npmSetting = (name: string): string =>
  execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();

/**
 * Starts a registry of npm's protocol that has our packages, once they are published, and takes all others from the
 * registry that npm uses here. What is installed from it is cached in a folder of its own.
 */
export const startRegistry = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'registry-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const cafile = npmSetting('cafile');
  const ca = cafile === 'null' ? undefined : await readFile(cafile, 'utf8');
  const ours = { access: '$all', publish: '$all' };
  const config = {
    storage: join(folder, 'storage'),
    uplinks: {
      // One response that is late is no reason to ask no more.
      npm: { url: npmSetting('registry'), timeout: '60s', max_fails: 100, fail_timeout: '1s', ca },
    },
    packages: {
      '@edge-ping/*': ours,
      'create-edge-ping': ours,
      '**': { access: '$all', proxy: 'npm' },
    },
    max_body_size: '10mb',
    log: { type: 'stdout', level: 'warn' },
  };
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(config)); // YAML has JSON in it
  const program = join(tools, 'verdaccio/bin/verdaccio');
  const command = ['node', program, '--config', join(folder, 'config.yaml'), '--listen', url];
  const { child, stdout, stderr, ended } = run(command);
  await vi.waitFor(() => send(url, { path: '/-/ping' }), { timeout: 60_000, interval: 100 });
  // npm wants a token, though the registry takes any.
  await writeFile(join(folder, 'npmrc'), `//127.0.0.1:${port}/:_authToken=any\n`);
  return {
    /** What makes npm, pnpm, Yarn and bun use it. */
    env: {
      ...process.env,
      GITHUB_ACTIONS: '', // provenance is npm's own registry's
      npm_config_registry: url,
      npm_config_userconfig: join(folder, 'npmrc'),
      npm_config_cache: join(folder, 'cache'),
      YARN_REGISTRY: url,
      BUN_CONFIG_REGISTRY: url,
    },
    output: () => [...stdout, ...stderr].join('\n'),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
};
