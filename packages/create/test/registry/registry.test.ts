import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import root from '../../../../package.json' with { type: 'json' };
import { startRegistry, tools } from './registry.ts';

const TIMEOUT = 600_000;
const { version } = root;
const names = ['@edge-ping/serve', '@edge-ping/serve-testing', 'create-edge-ping'];

let registry: Awaited<ReturnType<typeof startRegistry>>;
let directory: string;
beforeAll(async () => {
  registry = await startRegistry();
  directory = await mkdtemp(join(tmpdir(), 'publish-'));
});
afterAll(async () => {
  await registry.stop();
  await rm(directory, { recursive: true });
}, TIMEOUT);

/** Runs a command with the registry. */
const attempt = async (command: string[], cwd = '.', env = {}) => {
  const { ended, stdout, stderr } = run(command, { cwd, env: { ...registry.env, ...env } });
  return { exitCode: await ended, stdout, stderr };
};

/** The same, which must succeed. */
const succeed = async (command: string[], cwd = '.'): Promise<string[]> => {
  const { exitCode, stdout, stderr } = await attempt(command, cwd);
  expect(exitCode, [...stdout, ...stderr, registry.output()].join('\n')).toBe(0);
  return stdout;
};

const publish = (tag: string, env = {}) =>
  attempt(['node', 'packages/publish.ts', 'publish', tag], '.', env);

/** What npm has installed of the library in a service. */
const installedVersion = async (service: string): Promise<string> => {
  const path = join(service, 'node_modules/@edge-ping/serve/package.json');
  return JSON.parse(await readFile(path, 'utf8')).version;
};

// Each test goes on from the one before it, as a release does.
describe('publishing', () => {
  test('a tag that is not the version of every package is refused', async () => {
    expect(await publish('v0.0.1')).toEqual({
      exitCode: 1,
      stdout: [],
      stderr: [`publish: the tag is v0.0.1, but a package.json has ${version}`],
    });
  });

  test('publishes all that is not there yet, the library first', { timeout: TIMEOUT }, async () => {
    // As a run that failed after the first leaves it.
    await succeed(['npm', 'run', 'pack'], 'packages/serve');
    const tarball = `packages/serve/dist/edge-ping-serve-${version}.tgz`;
    await succeed(['npm', 'publish', tarball]);
    const { exitCode, stdout, stderr } = await publish(`v${version}`);
    expect(exitCode, stderr.join('\n')).toBe(0);
    expect(stdout).toEqual([
      `${names[0]}@${version} is published already`,
      `${names[1]}@${version} is published`,
      `${names[2]}@${version} is published`,
    ]);
  });

  test('changes nothing the second time', { timeout: TIMEOUT }, async () => {
    expect((await publish(`v${version}`)).stdout).toEqual(
      names.map((name) => `${name}@${version} is published already`),
    );
  });

  test('refuses a version that is there with other contents', { timeout: TIMEOUT }, async () => {
    const { exitCode, stderr } = await publish(`v${version}`, { GITHUB_REPOSITORY: 'a/b' });
    expect(exitCode).toBe(1);
    expect(stderr).toEqual([
      `publish: ${names[0]}@${version} is published already, with other contents`,
    ]);
  });
});

/** The files that the initializer writes, not what is installed or built beside them. */
const filesOf = async (folder: string) =>
  (await readdir(folder, { recursive: true }))
    .filter((path) => !/^(\.git|\.wrangler|dist|node_modules|package-lock\.json)(\/|$)/.test(path))
    .toSorted();

describe('a service from the registry', () => {
  const service = () => join(directory, 'my-service');
  beforeAll(async () => {
    const options = ['--', '--targets', 'node,container,workers,lambda', '--yes'];
    await succeed(
      ['npm', 'create', '--yes', 'edge-ping@latest', 'my-service', ...options],
      directory,
    );
  }, TIMEOUT);

  test('has the packages by version, and passes its tests and checks', {
    timeout: TIMEOUT,
  }, async () => {
    const manifest = JSON.parse(await readFile(join(service(), 'package.json'), 'utf8'));
    expect(manifest.dependencies['@edge-ping/serve']).toBe(`^${version}`);
    expect(await installedVersion(service())).toBe(version);
    await succeed(['npm', 'test'], service());
    await succeed(['npm', 'run', 'check'], service());
    await succeed(['npm', 'ci', '--omit=dev', '--omit=optional'], service());
    const packages = await readdir(join(service(), 'node_modules'));
    expect(packages.filter((name) => !name.startsWith('.'))).toEqual([
      '@edge-ping',
      '@hono',
      'hono',
    ]);
  });

  test.each([
    ['npm 10', ['node', join(tools, 'npm10/bin/npm-cli.js'), 'create', '--yes', 'edge-ping']],
    ['pnpm', ['node', join(tools, 'pnpm/bin/pnpm.cjs'), 'create', 'edge-ping']],
    ['Yarn', ['node', join(tools, 'yarn/bin/yarn.js'), 'create', 'edge-ping']],
    ['bun', [join(tools, '.bin/bun'), 'create', 'edge-ping']],
  ])('%s makes the same', { timeout: TIMEOUT }, async (name, command) => {
    const folder = join(directory, name.replace(' ', '-'));
    await mkdir(folder);
    const options = [
      '--targets',
      'node,container,workers,lambda',
      '--yes',
      '--no-install',
      '--no-git',
    ];
    const args = ['my-service', ...(name === 'npm 10' ? ['--', ...options] : options)];
    await succeed([...command, ...args], folder);
    const made = join(folder, 'my-service');
    expect(await filesOf(made)).toEqual(await filesOf(service()));
    const readme = (at: string) => readFile(join(at, 'README.md'), 'utf8');
    expect(await readme(made)).toBe(await readme(service()));
  });

  /** Publishes the library once more, with another version and what an edit does to it. */
  const publishLibrary = async (
    next: string,
    edit: (manifest: { exports: Record<string, unknown> }) => void = () => {},
  ): Promise<void> => {
    const folder = join(directory, `serve-${next}`);
    await cp('packages/serve/dist', folder, { recursive: true });
    const path = join(folder, 'package.json');
    const manifest = JSON.parse(await readFile(path, 'utf8'));
    edit(manifest);
    await writeFile(path, JSON.stringify({ ...manifest, version: next }));
    await succeed(['npm', 'publish'], folder);
  };

  test('gets a fix by npm update, and stays on its major version', {
    timeout: TIMEOUT,
  }, async () => {
    const [major, minor, patch] = version.split('.').map(Number);
    const fix = `${major}.${minor}.${Number(patch) + 1}`;
    const manifest = await readFile(join(service(), 'package.json'), 'utf8');
    await publishLibrary(fix);
    await publishLibrary(`${Number(major) + 1}.0.0`, ({ exports }) => delete exports['./node']);
    await succeed(['npm', 'update'], service());
    expect(await installedVersion(service())).toBe(fix);
    expect(await readFile(join(service(), 'package.json'), 'utf8')).toBe(manifest);
    await succeed(['npm', 'test'], service());
  });
});
