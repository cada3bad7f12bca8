import { globSync, readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { tryCase } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import {
  callEngine,
  engine,
  filesInLayers,
  inspectImage,
  layersOf,
  removeTestArtefacts,
  startContainer,
  testContainer,
  testImage,
  tryEngine,
} from '@edge-ping/serve-testing/engine';
import { freePort, run } from '@edge-ping/serve-testing/process';
import { hardened } from '@edge-ping/serve-testing/service';
import { serviceTests } from '@edge-ping/serve-testing/targets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shipped } from '../../../../.ci/test/lockfile.ts';
import manifest from '../../../../package.json' with { type: 'json' };
import { contract } from '../../../../test/contract.ts';
import { service } from '../../../../test/service.ts';

type Container = Awaited<ReturnType<typeof startContainer>>;

const MEBIBYTE = 1_048_576;
const BUILD_TIMEOUT = 1_200_000; // with all that npm test runs, on a busy machine
const GRACE_MS = 10_000; // between SIGTERM and SIGKILL: what `docker stop` leaves

const oneStage = {
  file: 'Dockerfile',
  image: `${testImage}:latest`,
  node: 'node',
  command: ['node', 'adapters/node.ts'],
  entry: '/app/adapters/node.ts',
  maxAdded: 2e6,
};
const multistage = {
  file: 'Dockerfile.multistage',
  image: `${testImage}:multistage`,
  node: '/nodejs/bin/node',
  command: ['/nodejs/bin/node', 'dist/server.js'],
  entry: '/app/dist/server.js',
  maxAdded: 1e6,
};

const build = (file: string, image: string, ...rest: string[]) =>
  tryEngine('build', '--file', file, '--tag', image, ...rest);

/** The image that the last stage of a Dockerfile stands on. */
const baseOf = async (file: string): Promise<string> => {
  const stages = (await readFile(file, 'utf8')).matchAll(/^FROM (?:--\S+ )?(\S+)/gm);
  return [...stages].at(-1)?.[1] ?? '';
};

const filesOverBase = async ({ file, image }: typeof oneStage) =>
  filesInLayers(image, (await layersOf(await baseOf(file))).length);

/** A copy of the working tree, with what must not get into an image in it. */
let copy: string;
const planted = [
  '.env',
  '.dev.vars',
  '.npmrc',
  '.git/config',
  'node_modules/x/index.js',
  'dist/x',
  'packages/serve/.env',
  'packages/serve/node_modules/x/index.js',
  'packages/serve/dist/x',
  'packages/serve/test/dist/x',
  'packages/serve/test/lambda/node_modules/x/index.js',
];

afterAll(removeTestArtefacts, BUILD_TIMEOUT);

beforeAll(async () => {
  for (const { file, image } of [multistage, oneStage]) {
    const { code, stdout, stderr } = await build(file, image, '.');
    expect(code, [...stdout, ...stderr].join('\n')).toBe(0);
    // Docker builds on a base without keeping it as an image.
    const base = await baseOf(file);
    if ((await tryEngine('image', 'inspect', base)).code !== 0) await callEngine('pull', base);
  }
}, BUILD_TIMEOUT);

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'context-'));
  await cp('.', copy, {
    recursive: true,
    preserveTimestamps: true,
    filter: (source) => !['.git', 'node_modules', 'dist'].includes(basename(source)),
  });
  for (const path of planted) {
    await mkdir(join(copy, dirname(path)), { recursive: true });
    await writeFile(join(copy, path), 'planted');
  }
  return () => rm(copy, { recursive: true });
});

describe.each([oneStage, multistage])('the image of $file', (target) => {
  const { file, image, node, command, entry } = target;

  describe.each([
    ['as it is', 8080, []],
    ['hardened', 8080, hardened],
    ['as any user', 8080, [...hardened, '--user', '10001']],
    ['with PORT', 9090, [...hardened, '--user', '10001', '--env', 'PORT=9090']],
  ])('%s', (_, port, flags) => {
    let container: Container;
    beforeAll(async () => {
      container = await startContainer(image, flags, port);
      return container.stop;
    });

    serviceTests(service, () => container.url);

    test('says on stderr where it listens, and nothing else', () => {
      expect(container.stderr).toEqual([
        `${manifest.name} ${manifest.version} listens on http://localhost:${port}`,
      ]);
    });

    test('the server is process 1', async () => {
      const script = `fs.readFileSync('/proc/1/cmdline', 'utf8')`;
      const output = await callEngine('exec', container.name, node, '-p', script);
      expect(output.split('\0').filter(Boolean)).toEqual(command);
    });
  });

  test('`stop` ends it with exit code 0, well inside the grace period', async () => {
    const container = await startContainer(image);
    const started = performance.now();
    await callEngine('stop', container.name);
    expect(await container.ended).toBe(0);
    expect(performance.now() - started).toBeLessThan(GRACE_MS / 2);
  });

  test('SIGUSR1 opens no inspector', async () => {
    const container = await startContainer(image);
    await callEngine('kill', '--signal', 'USR1', container.name);
    expect((await send(container.url, { path: '/health' })).status).toBe(200);
    expect(container.stderr).toHaveLength(1);
    await container.stop();
  });

  test('SIGINT ends it with exit code 0', async () => {
    const container = await startContainer(image);
    container.child.kill('SIGINT'); // Ctrl-C: the engine's client passes it on
    expect(await container.ended).toBe(0);
  });

  test.each([
    ['PORT', 'abc', 65_535],
    ['TRUST_PROXY', '-1', 100],
  ])('a bad %s ends it with exit code 1 and one line', async (name, value, max) => {
    const container = testContainer();
    const set = ['--env', `${name}=${value}`];
    const { code } = await tryEngine('run', ...container.flags, ...set, image);
    expect(code).toBe(1);
    const { stdout, stderr } = await tryEngine('logs', container.name);
    expect(stdout).toEqual([]);
    expect(stderr).toEqual([`${name}="${value}": must be an integer from 0 to ${max}`]);
  });

  test('has the Node major that the tests run on', async () => {
    const version = await callEngine('run', '--rm', '--entrypoint', node, image, '--version');
    expect(version.split('.')[0]).toBe(process.version.split('.')[0]);
  });

  test('the heap ends before the memory that the container may use', async ({ skip }) => {
    const limit = 128 * MEBIBYTE;
    const script = `JSON.stringify([process.constrainedMemory(), v8.getHeapStatistics().heap_size_limit])`;
    const flags = ['--rm', '--memory', '128m', '--entrypoint', node];
    const output = await callEngine('run', ...flags, image, '--print', script);
    const [memory, heap]: number[] = JSON.parse(output);
    skip(memory !== limit, `${engine} sets no memory limit here`);
    expect(heap).toBeLessThan(limit);
  });

  test('stack traces name the lines of the TypeScript', async () => {
    const script = `
      const { write } = process.stderr;
      process.stderr.write = () => {
        process.stderr.write = write;
        throw new Error('a fault');
      };
      import('${entry}');`;
    const flags = ['--rm', '--entrypoint', node];
    const { code, stderr } = await tryEngine('run', ...flags, image, '--eval', script);
    expect(code).toBe(1);
    const { message, stack } = JSON.parse(stderr[0] ?? '');
    expect(message).toBe('a fault');
    // A frame of ours is whichever names a file of this repository.
    const frames = [...stack.matchAll(/\/app\/((?!node_modules\/)\S+\.ts):(\d+):/g)];
    const lines = frames.map(
      ([, path, line]) => readFileSync(path, 'utf8').split('\n')[Number(line) - 1],
    );
    expect(lines, stack).toContainEqual(expect.stringContaining('listens on'));
  });

  test('adds no more than the page says', async () => {
    const base = await baseOf(file);
    const megabytes = async (name: string) =>
      `${(Number(await inspectImage(name, '.Size')) / 1e6).toFixed(1)} MB`;
    const files = [...(await filesOverBase(target)).values()];
    const added = files.reduce((sum, size) => sum + size, 0);
    const standIn = await inspectImage(base, '(index .Config.Labels "stand-in")');
    console.log(
      `${file}: ${await megabytes(image)}; ` +
        `over ${base}${standIn ? ' (a stand-in)' : ''}, ${await megabytes(base)}, ` +
        `it adds ${added} bytes in ${files.length} files`,
    );
    expect(added).toBeGreaterThan(0);
    expect(added).toBeLessThan(target.maxAdded); // docs/image.md
  });
});

describe('the image of Dockerfile', () => {
  test('holds the manifests, the sources and the libraries they need, and nothing else', async () => {
    const files = [...(await filesOverBase(oneStage)).keys()];
    const manifests = [
      'package.json',
      'package-lock.json',
      'packages/serve/package.json',
      'node_modules/.package-lock.json',
      'node_modules/@edge-ping/serve', // a link
    ];
    const libraries = shipped.filter((path) => path.startsWith('node_modules/'));
    const sources = ['src', 'adapters', 'packages/serve/src'];
    const folders = [...sources, 'node_modules/.bin', ...libraries];
    const isMeant = (path: string) =>
      manifests.some((file) => path === `app/${file}`) ||
      folders.some((folder) => path.startsWith(`app/${folder}/`));
    expect(files.filter((path) => !isMeant(path))).toEqual([]);
    for (const path of [...sources, 'node_modules/hono', 'node_modules/@hono/node-server'])
      expect(
        files.some((file) => file.startsWith(`app/${path}/`)),
        path,
      ).toBe(true);
  });

  test('is described as meant', async () => {
    expect(await inspectImage(oneStage.image, '.Config.User')).toBe('1000:1000');
    expect(await inspectImage(oneStage.image, '.Config.ExposedPorts')).toEqual({ '8080/tcp': {} });
    expect(await inspectImage(oneStage.image, '.Config.Cmd')).toEqual(oneStage.command);
  });

  test.each([
    ['adapters', 1],
    ['packages/serve/src', 3],
  ])(
    'a change in %s reuses the installed libraries',
    async (folder, copied) => {
      const changed = `${testImage}:changed`;
      const file = join(copy, folder, 'new.ts');
      await writeFile(file, '');
      const { code } = await build(join(copy, 'Dockerfile'), changed, copy);
      await rm(file);
      expect(code).toBe(0);
      const [before, after] = [await layersOf(oneStage.image), await layersOf(changed)];
      expect(after.slice(0, -copied)).toEqual(before.slice(0, -copied));
      expect(after.at(-copied)).not.toBe(before.at(-copied));
    },
    BUILD_TIMEOUT,
  );

  test('can be tagged, listed and untagged as in the guide', async () => {
    const tags = async () =>
      (await callEngine('image', 'ls', '--format', '{{.Tag}}', testImage)).split('\n').sort();
    const before = await tags();
    await callEngine('image', 'tag', `${testImage}:latest`, `${testImage}:v1.0`);
    expect(await tags()).toEqual([...before, 'v1.0']);
    await callEngine('image', 'rm', `${testImage}:v1.0`);
    expect(await tags()).toEqual(before);
  });
});

describe('the image of Dockerfile.multistage', () => {
  const { image, node } = multistage;

  test('holds the bundle and its source map over its base, and nothing else', async () => {
    const bundle = ['dist/server.js', 'dist/server.js.map'];
    const built = bundle.map(async (path) => [`app/${path}`, (await stat(path)).size] as const);
    expect(await filesOverBase(multistage)).toEqual(new Map(await Promise.all(built)));
  });

  test.each(['sh', 'bash', 'busybox', 'npm'])('has no %s', async (command) => {
    const run = ['run', '--rm', '--entrypoint', command, image, '--version'];
    expect(await tryEngine(...run)).toMatchObject({ code: 127, stdout: [] });
  });

  test('is described as meant', async () => {
    expect(await inspectImage(image, '.Config.User')).toBe('65532:65532');
    expect(await inspectImage(image, '.Config.ExposedPorts')).toEqual({ '8080/tcp': {} });
    expect(await inspectImage(image, '.Config.Entrypoint')).toEqual([node]);
    expect(await inspectImage(image, '.Config.Cmd')).toEqual(['dist/server.js']);
    expect(await inspectImage(image, '.Config.Labels')).toMatchObject({
      'org.opencontainers.image.title': manifest.name,
      'org.opencontainers.image.description': manifest.description,
      'org.opencontainers.image.version': manifest.version,
      'org.opencontainers.image.licenses': manifest.license,
    });
  });

  test.each([
    ['the default port', 8080, []],
    ['PORT', 9090, ['--env', 'PORT=9090']],
  ])('its health check asks at %s', async (_, port, flags) => {
    const [kind, ...command] = Object(await inspectImage(image, '.Config.Healthcheck.Test'));
    expect(kind).toBe('CMD');
    const container = await startContainer(image, [...hardened, ...flags], port);
    expect((await tryEngine('exec', container.name, ...command)).code).toBe(0);
    const nobody = ['--env', 'PORT=1', container.name];
    expect((await tryEngine('exec', ...nobody, ...command)).code).toBe(1);
    await container.stop();
  });

  test('the engine finds it healthy', async () => {
    const container = await startContainer(image, [...hardened, '--health-interval', '1s']);
    // Podman leaves the timer to systemd, which not every machine has.
    if (engine === 'podman') await callEngine('healthcheck', 'run', container.name);
    const status = () =>
      callEngine('inspect', '--format', '{{.State.Health.Status}}', container.name);
    await expect.poll(status, { timeout: 25_000 }).toBe('healthy');
    await container.stop();
  });
});

const hasCompose = (await tryEngine('compose', 'version')).code === 0;

test.skipIf(!hasCompose)(
  'docker compose up --wait returns when the service is healthy, and it holds the contract',
  async () => {
    const compose = ['compose', '--project-name', testImage];
    const port = String(await freePort());
    const { ended, stdout, stderr } = run(
      [engine, ...compose, 'up', '--build', '--wait', '--wait-timeout', '60'],
      { env: { ...process.env, PORT: port } },
    );
    try {
      expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
      for (const expected of contract)
        expect(await tryCase(expected, (sent) => send(`http://127.0.0.1:${port}`, sent))).toEqual(
          [],
        );
    } finally {
      await callEngine(...compose, 'down', '--rmi', 'local');
    }
  },
  BUILD_TIMEOUT,
);

describe('the build of Dockerfile.multistage', () => {
  test(
    'run-test-stage passes, and fails when a test fails',
    async () => {
      const image = `${testImage}:tests`;
      const stage = ['--target', 'run-test-stage'];
      const passing = await build('Dockerfile.multistage', image, ...stage, '.');
      expect(passing.code, [...passing.stdout, ...passing.stderr].join('\n')).toBe(0);

      // The one test is enough to see it.
      for (const file of globSync('test/**/*.test.ts', { cwd: copy })) await rm(join(copy, file));
      await writeFile(
        join(copy, 'test/broken.test.ts'),
        `import { expect, test } from 'vitest'; test('broken', () => { expect(1).toBe(2) });`,
      );
      const failing = await build(join(copy, 'Dockerfile.multistage'), image, ...stage, copy);
      expect(failing.code).not.toBe(0);
      expect([...failing.stdout, ...failing.stderr].join('\n')).toMatch(/FAIL.*broken/);
    },
    BUILD_TIMEOUT,
  );

  test('sends the engine neither secrets nor what is built here', async () => {
    const image = `${testImage}:context`;
    const everything = join(copy, 'everything.Dockerfile');
    await writeFile(everything, 'FROM scratch\nCOPY . /\n');
    expect((await build(everything, image, copy)).code).toBe(0);
    const files = [...(await filesInLayers(image, 0)).keys()];
    expect(files).toContain('src/app.ts');
    expect(files.filter((path) => planted.includes(path))).toEqual([]);
  });
});
