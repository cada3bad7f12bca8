import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import root from '../../../package.json' with { type: 'json' };

const packageFolder = join(import.meta.dirname, '..');
/** What `npm create` runs. */
const program = join(packageFolder, 'dist/cli.js');

const release = '.github/workflows/release.yml';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'create-'));
  const { ended, stdout, stderr } = run(['node', 'build.ts'], { cwd: packageFolder });
  expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
});
afterAll(() => rm(directory, { recursive: true }));

/** Runs the initializer without a terminal. */
const create = async (args: string[], env = {}) => {
  const command = ['node', program, ...args];
  const { ended, stdout, stderr } = run(command, {
    cwd: directory,
    env: { ...process.env, ...env },
  });
  return { exitCode: await ended, stdout, stderr };
};

/** Makes a service, without its packages. */
const make = async (folder: string, ...options: string[]): Promise<string> => {
  const result = await create([folder, '--no-install', '--no-git', ...options]);
  expect(result, result.stderr.join('\n')).toMatchObject({ exitCode: 0 });
  return join(directory, folder);
};

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .toSorted();

const linesOf = (path: string): string[] => readFileSync(path, 'utf8').trimEnd().split('\n');

describe('a service for all targets that has the name edge-ping', () => {
  let service: string;
  beforeAll(async () => {
    await mkdir(join(directory, 'same'));
    service = await make('same/edge-ping', '--targets', 'node,container,workers,lambda');
  });

  test('is small', () => {
    const files = filesOf(service);
    expect(files.length).toBeLessThanOrEqual(45);
    expect(files.flatMap((file) => linesOf(join(service, file))).length).toBeLessThanOrEqual(1_600);
  });

  test('has no word of the repository', () => {
    const words = /\bpackages\/|Apache|--workspace|test:made/;
    const named = filesOf(service).filter((file) =>
      words.test(readFileSync(join(service, file), 'utf8')),
    );
    expect(named).toEqual([]);
  });

  test('is what stands at the root of the repository, without what is about the packages', () => {
    const instead = join(packageFolder, 'service');
    const replaced = [...filesOf(instead), 'package.json', release];
    for (const file of filesOf(service).filter((path) => !replaced.includes(path))) {
      const made = linesOf(join(service, file));
      const dropped: string[] = [];
      for (const line of linesOf(file).map((text) => text.replace(root.version, '1.0.0'))) {
        if (line === made[0]) made.shift();
        else dropped.push(line);
      }
      expect(made, file).toEqual([]);
      const isMeant = (line: string) => /packages|licenses="Apache/.test(line);
      expect(
        dropped.filter((line) => !isMeant(line)),
        file,
      ).toEqual([]);
    }
  });

  test('releases its image as the root does, but no packages', () => {
    const { jobs, ...rest } = parse(readFileSync(release, 'utf8'));
    const isOurs = (job: string) => job.startsWith('packages');
    const kept = Object.entries(jobs).filter(([name]) => !isOurs(name));
    const made = kept.map(([name, job]) => {
      const { needs = [] } = Object(job);
      const others = [needs].flat().filter((need) => !isOurs(need));
      return [
        name,
        Array.isArray(needs) && needs.length > 0 ? { ...Object(job), needs: others } : job,
      ];
    });
    expect(kept.length).toBeLessThan(Object.keys(jobs).length);
    expect(parse(readFileSync(join(service, release), 'utf8'))).toEqual({
      ...rest,
      jobs: Object.fromEntries(made),
    });
  });

  test('has the versions, and the commands, of the root', async () => {
    const { dependencies, devDependencies, scripts, ...made } = JSON.parse(
      await readFile(join(service, 'package.json'), 'utf8'),
    );
    const ranges = { '@edge-ping/serve': '^1.0.0', '@edge-ping/serve-testing': '^1.0.0' };
    expect({ ...root.dependencies, ...root.devDependencies, ...ranges }).toMatchObject({
      ...dependencies,
      ...devDependencies,
    });
    for (const [name, script] of Object.entries<string>(scripts))
      for (const command of script.split(' && '))
        expect(Object(root.scripts)[name]).toContain(command);
    const {
      license: _,
      workspaces: _w,
      scripts: _s,
      dependencies: _d,
      devDependencies: _v,
      ...ours
    } = root;
    expect(made).toEqual(ours);
  });
});

test.each([
  ['node', ['Dockerfile', 'wrangler.toml', 'adapters/lambda.ts', 'deploy']],
  ['workers', ['Dockerfile', 'adapters/node.ts', 'adapters/lambda.ts', 'deploy']],
  ['lambda', ['Dockerfile', 'adapters/node.ts', 'wrangler.toml']],
  ['container', ['wrangler.toml', 'adapters/lambda.ts', 'deploy/zip.ts']],
])('a service for %s has nothing of the other targets', async (targets, missing) => {
  const service = await make(`only-${targets}`, '--targets', targets);
  expect(missing.filter((path) => existsSync(join(service, path)))).toEqual([]);
  const readme = await readFile(join(service, 'README.md'), 'utf8');
  const { scripts, devDependencies } = JSON.parse(
    await readFile(join(service, 'package.json'), 'utf8'),
  );
  for (const [, long, short] of readme.matchAll(/npm (?:run ([\w:]+)|(start|test)\b)/g))
    expect(Object.keys(scripts)).toContain(long ?? short);
  expect('wrangler' in devDependencies).toBe(targets === 'workers');
  expect(/wrangler/.test(readme)).toBe(targets === 'workers');
});

test('a container has the Node server that it runs', async () => {
  expect(filesOf(await make('image', '--targets', 'container'))).toContain('adapters/node.ts');
});

test('the example is a service that needs nothing of the repository', async () => {
  const service = await make('short', '--example', 'links');
  const manifest = JSON.parse(await readFile(join(service, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: 'short',
    dependencies: { '@edge-ping/serve': '^1.0.0' },
    devDependencies: { '@edge-ping/serve-testing': '^1.0.0' },
  });
  for (const file of filesOf(service).filter((path) => path !== 'package.json'))
    expect(
      linesOf(join(service, file)).filter((line) => /\.tgz|\.\.\/\.\.|packages\//.test(line)),
      file,
    ).toEqual([]);
});

test.each([
  [['My App'], `"My App": must be 1 to 54 of a-z`],
  [['a'.repeat(55)], 'must be 1 to 54 of a-z'],
  [['x-'], '"x-": must be 1 to 54 of a-z'],
  [['9lives'], '"9lives": must be 1 to 54 of a-z'],
  [['x', '--targets', 'moon'], '--targets "moon": must be of node, container, workers, lambda'],
  [['x', '--targets', ''], '--targets "": must be of node'],
  [['x', '--example', 'shop'], '--example "shop": must be links'],
  [['x', '--example', 'links', '--targets', 'node'], '--targets: the example has its own'],
  [['full'], 'full: must be empty, or not be there'],
  [['file'], 'file: is a file'],
  [['file/inside'], 'file/inside: is a file'],
])('%j is refused with one line, and leaves nothing', async (args, line) => {
  await mkdir(join(directory, 'full'), { recursive: true });
  await writeFile(join(directory, 'full/mine'), '');
  await writeFile(join(directory, 'file'), '');
  const before = filesOf(directory);
  expect(await create(args)).toEqual({
    exitCode: 1,
    stdout: [],
    stderr: [expect.stringContaining(line)],
  });
  expect(filesOf(directory)).toEqual(before);
});

test.each([
  [['--help'], 0],
  [['a', 'b'], 2],
  [['--nope'], 2],
])('%j explains the command', async (args, exitCode) => {
  const result = await create(args);
  expect(result.exitCode).toBe(exitCode);
  expect(result.stderr[0]).toMatch(/^Usage: npm create edge-ping@latest/);
});

test('without a network it says so in a line, and the service is there', async () => {
  const unreachable = { npm_config_registry: 'http://127.0.0.1:2', npm_config_fetch_retries: '0' };
  const cache = { npm_config_cache: join(directory, 'cache') };
  const { exitCode, stderr } = await create(['alone'], { ...unreachable, ...cache });
  expect(exitCode).toBe(1);
  expect(stderr).toEqual([expect.stringContaining('the packages could not be installed')]);
  expect(existsSync(join(directory, 'alone/package.json'))).toBe(true);
});

test('begins a history in git, unless it is told not to, or is in a repository', async () => {
  await create(['with-git', '--no-install']);
  expect(await readdir(join(directory, 'with-git'))).toContain('.git');
  expect(await readdir(await make('without-git'))).not.toContain('.git');
  await create(['with-git/service', '--no-install']);
  expect(await readdir(join(directory, 'with-git/service'))).not.toContain('.git');
});

// `script` gives it a terminal.
describe.skipIf(process.platform !== 'linux')('on a terminal', () => {
  const open = (args: string, env = {}) =>
    run(['script', '-qefc', `stty cols 80 rows 24; exec node ${program} ${args}`, '/dev/null'], {
      cwd: directory,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });

  test('it asks for the name and the targets', async () => {
    const { child, stdout, ended } = open('--no-install --no-git');
    await expect.poll(() => stdout.join('\n')).toContain('name of the service');
    child.stdin?.write('asked\r');
    await expect.poll(() => stdout.join('\n')).toContain('Where shall it run');
    child.stdin?.write('\r');
    expect(await ended).toBe(0);
    expect(filesOf(join(directory, 'asked'))).toContain('wrangler.toml');
  });

  test('Ctrl-C at a question leaves nothing', async () => {
    const before = filesOf(directory);
    const { child, stdout, ended } = open('');
    await expect.poll(() => stdout.join('\n')).toContain('name of the service');
    child.stdin?.write('\x03');
    expect(await ended).toBe(130);
    expect(filesOf(directory)).toEqual(before);
  });

  // npm gets the signal as well, and the one or the other is first.
  test.each([
    ['which ends npm', 'exec sleep 60'],
    ['which only npm has seen yet', 'read answer; kill -INT $$'],
    ['which npm makes an exit code of', 'read answer; exit 130'],
    ['which npm takes no notice of', "trap '' INT; sleep 2"],
  ])('Ctrl-C while it installs leaves nothing: %s', async (_, npm) => {
    const folder = await mkdtemp(join(directory, 'npm-'));
    const script = `#!/bin/sh\nexec </dev/tty\necho installing\n${npm}\n`;
    await writeFile(join(folder, 'npm'), script, { mode: 0o755 });
    const { child, stdout, ended } = open('left --yes', { PATH: `${folder}:${process.env.PATH}` });
    await expect.poll(() => stdout.join('\n')).toContain('installing');
    child.stdin?.write(npm.startsWith('read') ? '\r' : '\x03');
    expect(await ended).toBe(130);
    expect(existsSync(join(directory, 'left'))).toBe(false);
  });
});
