import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { serviceTests } from '@edge-ping/serve-testing/targets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../../package.json' with { type: 'json' };
import { service } from '../../../test/service.ts';
import { packages as locked, shipped } from '../lockfile.ts';

const { REGISTRY, BUILD_OPTIONS = '' } = process.env;
if (!REGISTRY)
  throw new Error(
    'Run it as: IMAGE_STORE=containerd .ci/engine docker .ci/rehearsal npm run test:release',
  );

const TIMEOUT = 600_000;
const image = `${REGISTRY}/edge-ping`;
const scanner = 'edge-ping-scanner';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'edge-ping-release-'));
  return () => rm(directory, { recursive: true });
});

const attempt = async (command: string[], cwd = '.', env = {}) => {
  const { ended, stdout, stderr } = run(command, { cwd, env: { ...process.env, ...env } });
  return { code: await ended, stdout: stdout.join('\n'), stderr: stderr.join('\n') };
};

/** Runs a command that must succeed; resolves with what it printed on stdout. */
const call = async (...command: string[]): Promise<string> => {
  const { code, stdout, stderr } = await attempt(command);
  if (code === 0) return stdout;
  throw new Error(`${command.join(' ')}: ${code}\n${stdout}\n${stderr}`);
};

const step = (...args: string[]) => call('serve-testing', 'release', ...args);

/** What a registry says of an image. */
const inspect = async (name: string, template: string) =>
  JSON.parse(
    await call(
      'docker',
      'buildx',
      'imagetools',
      'inspect',
      '--format',
      `{{json ${template}}}`,
      name,
    ),
  );
const digestOf = async (name: string): Promise<unknown> =>
  (await inspect(name, '.Manifest')).digest;

let released: string;
beforeAll(async () => {
  await call('docker', 'build', '--tag', scanner, '.ci/test/release/scanner');
  const options = [BUILD_OPTIONS, `--sbom=generator=${scanner}`];
  released = `${image}@${await step('build', image, manifest.version, ...options)}`;
}, TIMEOUT);
afterAll(async () => {
  await call('docker', 'image', 'rm', '--force', scanner);
});

const platforms = ['linux/amd64', 'linux/arm64'];

test('the version is an image for each architecture, with what is attested of it', async () => {
  expect(await digestOf(`${image}:${manifest.version}`)).toBe(released.split('@')[1]);
  const { manifests } = await inspect(released, '.Manifest');
  const attested = manifests.map(
    ({ platform, annotations }: Record<string, Record<string, string>>) =>
      annotations?.['vnd.docker.reference.type'] ?? `${platform?.os}/${platform?.architecture}`,
  );
  expect(attested).toEqual([...platforms, 'attestation-manifest', 'attestation-manifest']);
});

test.each(platforms)(
  'the SBOM for %s names the libraries in the bundle, and nothing else',
  async (platform) => {
    const sbom = (await inspect(released, '.SBOM'))[platform];
    const documents = [sbom.SPDX, ...(sbom.AdditionalSPDXs ?? [])];
    const packages = documents.flatMap((document) => document.packages ?? []);
    expect(
      Object.fromEntries(
        packages.map(({ name, versionInfo }: Record<string, string>) => [name, versionInfo]),
      ),
    ).toEqual(
      Object.fromEntries(
        shipped
          .filter((path) => !locked.get(path)?.link && path.startsWith('node_modules/'))
          .map((path) => [path.replace(/.*node_modules\//, ''), locked.get(path)?.version]),
      ),
    );
  },
);

test.each(platforms)('the provenance for %s says from what it was built', async (platform) => {
  const { SLSA } = (await inspect(released, '.Provenance'))[platform];
  expect(JSON.stringify(SLSA.materials)).toContain('node@26');
  expect(SLSA.buildConfig, 'mode=max').toBeDefined();
});

describe('a signature', () => {
  const withoutLog = ['--tlog-upload=false'];
  const cosign = (...args: string[]) =>
    attempt(['cosign', ...args], '.', { COSIGN_PASSWORD: '', HOME: directory });
  const verify = (name: string, key: string) =>
    cosign('verify', '--insecure-ignore-tlog=true', '--key', join(directory, `${key}.pub`), name);
  const childOf = async () => {
    const { manifests } = await inspect(released, '.Manifest');
    return `${image}@${manifests[0].digest}`;
  };
  beforeAll(async () => {
    for (const key of ['ours', 'another'])
      expect(
        await cosign('generate-key-pair', '--output-key-prefix', join(directory, key)),
      ).toMatchObject({ code: 0 });
    expect((await verify(released, 'ours')).code).not.toBe(0);
    const key = join(directory, 'ours.key');
    expect(
      await attempt(
        ['serve-testing', 'release', 'sign', released, ...withoutLog, '--key', key],
        '.',
        {
          COSIGN_PASSWORD: '',
          HOME: directory,
        },
      ),
    ).toMatchObject({ code: 0 });
  }, TIMEOUT);

  test('is on the index and on the image of each architecture', async () => {
    expect(await verify(released, 'ours')).toMatchObject({ code: 0 });
    expect(await verify(await childOf(), 'ours')).toMatchObject({ code: 0 });
  });

  test("is not another key's", async () => {
    expect((await verify(released, 'another')).code).not.toBe(0);
  });
});

test('what was pushed passes the smoke test, hardened', async () => {
  const url = await step('run', released);
  try {
    await call('npm', 'run', 'smoke', '--', '--wait', '30', url);
  } finally {
    const id = await call('docker', 'ps', '--latest', '--quiet');
    await call('docker', 'rm', '--force', id);
  }
});

describe('the image for arm64, in an emulator', () => {
  let server: ServerProcess;
  beforeAll(async () => {
    const root = join(directory, 'arm64');
    await mkdir(root);
    const id = await call('docker', 'create', '--quiet', '--platform', 'linux/arm64', released);
    await call('docker', 'export', '--output', `${root}.tar`, id);
    await call('tar', '-xf', `${root}.tar`, '-C', root);
    await call('docker', 'rm', id);
    const { config } = (await inspect(released, '.Image'))['linux/arm64'];
    const [node, ...args]: string[] = [...config.Entrypoint, ...config.Cmd];
    const env = Object.fromEntries(config.Env.map((line: string) => line.split(/=(.*)/s)));
    server = await startServer(['qemu-aarch64', '-L', root, join(root, node ?? ''), ...args], {
      cwd: join(root, config.WorkingDir),
      env: { ...env, PATH: process.env.PATH },
    });
  }, TIMEOUT);
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  serviceTests(service, () => server.url);
});

describe('of several tags', () => {
  const git = (...args: string[]) =>
    attempt(['git', '-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], directory);
  const stepHere = (...args: string[]) => attempt(['serve-testing', 'release', ...args], directory);
  const check = (tag: string) => stepHere('check', image, tag);
  const setVersion = (version: string) =>
    writeFile(join(directory, 'package.json'), JSON.stringify({ version, type: 'module' }));
  beforeAll(async () => {
    await mkdir(join(directory, 'test'));
    await writeFile(join(directory, 'test/service.ts'), 'export const service = {};');
    await git('init', '--initial-branch', 'main');
    await git('commit', '--allow-empty', '--message', 'main');
    for (const tag of ['v0.9.0', 'v0.9.1', 'v0.10.0', 'v0.11.0-rc.1']) await git('tag', tag);
    await git('update-ref', 'refs/remotes/origin/main', 'HEAD');
    await git('commit', '--allow-empty', '--message', 'elsewhere');
    await git('tag', 'v9.0.0');
  });

  test('that of a new version on main may be released', async () => {
    await setVersion('0.10.0');
    expect(await check('v0.10.0')).toMatchObject({ code: 0, stdout: '0.10.0' });
  });

  test.each([
    [
      'is not the version of package.json',
      'v0.9.0',
      '0.10.0',
      'the tag is v0.9.0, but package.json has 0.10.0',
    ],
    ['is not on main', 'v9.0.0', '9.0.0', 'v9.0.0 is not on main'],
  ])('one that %s is refused', async (_, tag, version, message) => {
    await setVersion(version);
    expect(await check(tag)).toMatchObject({ code: 1, stderr: `release: ${message}` });
  });

  test('with a registry that does not respond, none is released', async () => {
    await setVersion('0.9.0');
    expect(await stepHere('check', 'localhost:1/nobody', 'v0.9.0')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^release: it can't be told whether localhost:1\/nobody:0\.9\.0 exists: .*refused/,
      ),
    });
  });

  test('one whose version exists is refused', async () => {
    await setVersion('0.9.0');
    await call('docker', 'buildx', 'imagetools', 'create', '--tag', `${image}:0.9.0`, released);
    expect(await check('v0.9.0')).toMatchObject({
      code: 1,
      stderr: `release: ${image}:0.9.0 exists already`,
    });
  });

  test('the latest one moves latest to the image that was tested, and no other does', async () => {
    expect(await stepHere('latest', released, 'v0.10.0')).toMatchObject({ code: 0 });
    const digest = released.split('@')[1];
    expect(await digestOf(`${image}:latest`)).toBe(digest);
    const older = `${image}@${(await inspect(released, '.Manifest')).manifests[0].digest}`;
    for (const tag of ['v0.9.1', 'v0.11.0-rc.1', 'v9.0.0'])
      expect(await stepHere('latest', older, tag)).toMatchObject({
        code: 0,
        stderr: `release: latest stays, since ${tag} is not the latest version, which is v0.10.0`,
      });
    expect(await digestOf(`${image}:latest`)).toBe(digest);
  });
});
