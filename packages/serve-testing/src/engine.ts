import { spawnSync } from 'node:child_process';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run, startServer } from './process.ts';

const { CONTAINER_ENGINE: wanted } = process.env;
const engines = wanted ? [wanted] : ['docker', 'podman'];
// A docker client may be there without its daemon: `info` asks both.
const found = engines.find((name) => spawnSync(name, ['info']).status === 0);
if (!found)
  throw new Error(
    `No container engine: needs ${wanted ?? 'Docker or Podman'}, and Docker's daemon running`,
  );

/** The command of the engine under test. */
export const engine = found;

const env = {
  ...process.env,
  BUILDAH_FORMAT: 'docker', // Podman's own image format has no health check
  DOCKER_BUILDKIT: '1', // makes Docker without BuildKit say so, rather than stumble over --mount
};

const mark = `image-test-${process.pid}`;

/** The name under which the tests build images. */
export const testImage = mark;

/** Runs a command of the engine to its end. */
export const tryEngine = async (...args: string[]) => {
  const { stdout, stderr, ended } = run([engine, ...args], { env });
  return { code: await ended, stdout, stderr };
};

/** Runs a command of the engine that must succeed; resolves with what it printed on stdout. */
export const callEngine = async (...args: string[]): Promise<string> => {
  const { code, stdout, stderr } = await tryEngine(...args);
  if (code === 0) return stdout.join('\n');
  throw new Error(`${engine} ${args.join(' ')}: ${code}\n${[...stdout, ...stderr].join('\n')}`);
};

let containers = 0;

/** The arguments that make a container one of the test's, and its name. */
export const testContainer = () => {
  containers += 1;
  const name = `${mark}-${containers}`;
  return { name, flags: ['--name', name, '--label', `test=${mark}`] };
};

/**
 * Runs an image attached, as `docker run` does without `--detach`, and waits for its start line.
 * @param port what the server in it listens on
 */
export const startContainer = async (image: string, flags: string[] = [], port = 8080) => {
  const { name, flags: own } = testContainer();
  const command = [engine, 'run', '--rm', ...own, '--publish', `127.0.0.1::${port}`];
  const server = await startServer([...command, ...flags, image]);
  const url = `http://${await callEngine('port', name, `${port}/tcp`)}`;
  return { ...server, name, url, port: Number(new URL(url).port) };
};

const lines = async (...args: string[]) =>
  (await callEngine(...args)).split('\n').filter((line) => line !== '');

/** The images without a name: what a failed build leaves of its layers. */
const unnamedImages = () => lines('image', 'ls', '--quiet', '--filter', 'dangling=true');

const unnamedBefore = await unnamedImages();

/** Removes the containers and images that the tests left. */
export const removeTestArtefacts = async (): Promise<void> => {
  const left = await lines('ps', '--all', '--quiet', '--filter', `label=test=${mark}`);
  if (left.length > 0) await callEngine('rm', '--force', ...left);
  // Podman lists every name of an image that has this one, the user's own included.
  const named = (await lines('image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', mark)).filter(
    (name) => name.includes(`${mark}:`),
  );
  const unnamed = (await unnamedImages()).filter((id) => !unnamedBefore.includes(id));
  if (named.length + unnamed.length > 0) await callEngine('image', 'rm', ...named, ...unnamed);
};

/** Reads a value of an image's description, which a Go template names. */
export const inspectImage = async (image: string, template: string): Promise<unknown> =>
  JSON.parse(await callEngine('image', 'inspect', '--format', `{{json ${template}}}`, image));

/** The digests of an image's layers, the base's first. */
export const layersOf = async (image: string): Promise<unknown[]> => {
  const layers = await inspectImage(image, '.RootFS.Layers');
  return Array.isArray(layers) ? layers : [];
};

/** The files in an image's layers from the nth on, by path, with their sizes in bytes. */
export const filesInLayers = async (image: string, from: number): Promise<Map<string, number>> => {
  const folder = await mkdtemp(join(tmpdir(), 'image-files-'));
  const root = join(folder, 'root');
  const tar = async (...args: string[]) => {
    const { stderr, ended } = run(['tar', ...args], { cwd: folder });
    if ((await ended) !== 0) throw new Error(stderr.join('\n'));
  };
  try {
    await callEngine('save', '--output', join(folder, 'image.tar'), image);
    await tar('-xf', 'image.tar');
    const manifest = await readFile(join(folder, 'manifest.json'), 'utf8');
    const [saved]: { Layers: string[] }[] = JSON.parse(manifest);
    await mkdir(root);
    for (const layer of saved?.Layers.slice(from) ?? []) await tar('-xf', layer, '-C', root);
    const entries = await readdir(root, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return new Map(
      await Promise.all(
        files.map(async (file): Promise<[string, number]> => {
          const path = join(file.parentPath, file.name);
          return [relative(root, path), (await lstat(path)).size];
        }),
      ),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
