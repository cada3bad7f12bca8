import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { bundleWorker } from '@edge-ping/serve-testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };

const scripts: Record<string, string> = manifest.scripts;
const builds = ['build', 'build:lambda'].filter((script) => script in scripts);

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'build-'));
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs esbuild as a script of package.json does, on another entry, and then what it made. */
const buildAndRun = async (script: string, source: string): Promise<string[]> => {
  const entry = join(directory, 'entry.ts');
  const bundle = join(directory, 'bundle.mjs');
  await writeFile(entry, source);
  const [esbuild = ''] = scripts[script]?.split(' && ') ?? [];
  const command = esbuild
    .replace(/adapters\/\S+/, entry)
    .replace(/--outfile=\S+/, `--outfile=${bundle}`);
  const build = run([`${command} --log-level=warning`], { shell: true });
  expect(await build.ended, build.stderr.join('\n')).toBe(0);
  const { stdout, stderr, ended } = run(['node', bundle]);
  expect(await ended, stderr.join('\n')).toBe(0);
  return stdout;
};

test.each(builds)(
  'after npm run %s, a CommonJS package can require what Node has',
  async (script) => {
    const commonjs = join(directory, 'node_modules/commonjs');
    await mkdir(commonjs, { recursive: true });
    await writeFile(
      join(commonjs, 'index.js'),
      `const { once } = require('events');
      exports.isSame = once === require('node:events').once;`,
    );
    // Some ES modules make a require of their own, which must not collide with the bundle's.
    const source = `
      import { createRequire } from 'node:module';
      import commonjs from 'commonjs';
      const require = createRequire(import.meta.url);
      console.log(commonjs.isSame, typeof require('node:fs').readFile);`;
    expect(await buildAndRun(script, source)).toEqual(['true function']);
  },
);

const classes = `
  class Failure extends Error {
    constructor() {
      super();
      this.name = new.target.name;
    }
  }
  class OutOfStock extends Failure {}`;

test.each(builds)('after npm run %s, a class has its name', async (script) => {
  const source = `${classes} console.log(new OutOfStock().name);`;
  expect(await buildAndRun(script, source)).toEqual(['OutOfStock']);
});

test('on Workers, a class has its name', async () => {
  const config = join(directory, 'wrangler.toml');
  // Without its tables, which name what this Worker has not, such as a folder of assets.
  const [settings = ''] = (await readFile('wrangler.toml', 'utf8')).split(/^\[/m);
  await writeFile(config, settings.replace('adapters/cloudflare.ts', 'worker.ts'));
  const source = `${classes} console.log(new OutOfStock().name); export default {};`;
  await writeFile(join(directory, 'worker.ts'), source);
  const bundle = join(directory, 'worker.mjs');
  await writeFile(bundle, (await bundleWorker(config)).script);
  const { stdout, stderr, ended } = run(['node', bundle]);
  expect(await ended, stderr.join('\n')).toBe(0);
  expect(stdout).toEqual(['OutOfStock']);
});
