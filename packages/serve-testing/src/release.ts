import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readManifest } from './manifest.ts';
import { containerFlags, type Service } from './service.ts';

export const usage = `Usage: serve-testing release STEP

The steps of the release of an image, in their order:
  check IMAGE TAG                    refuses a tag that must not be released; prints the version
  build IMAGE VERSION [OPTION...]    builds for both architectures, pushes, and prints the digest
  sign IMAGE@DIGEST [OPTION...]      signs the index, and the image of each architecture
  run IMAGE@DIGEST                   runs it hardened, and prints where it listens
  latest IMAGE@DIGEST TAG            lets \`latest\` be that image, unless there is a later version
It needs Docker with buildx and git, and cosign to sign.`;

/** What stops a release, said in one line. */
class Refusal extends Error {}

/** Runs a command that must succeed; returns what it prints on stdout. */
const call = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

const succeeds = (command: string, ...args: string[]): boolean =>
  spawnSync(command, args).status === 0;

const inspect = ['buildx', 'imagetools', 'inspect'];

const check = (image: string, tag: string): string => {
  const { version } = readManifest();
  if (tag !== `v${version}`)
    throw new Refusal(`the tag is ${tag}, but package.json has ${version}`);
  if (!succeeds('git', 'merge-base', '--is-ancestor', `${tag}^{commit}`, 'origin/main'))
    throw new Refusal(`${tag} is not on main`);
  const name = `${image}:${version}`;
  const { status, stderr } = spawnSync('docker', [...inspect, name], { encoding: 'utf8' });
  if (status === 0) throw new Refusal(`${name} exists already`);
  // A registry that fails has not said that there is none.
  if (!/\bnot found$/m.test(stderr))
    throw new Refusal(
      `it can't be told whether ${name} exists: ${stderr.trim().split('\n').at(-1)}`,
    );
  return version;
};

const build = (image: string, version: string, ...options: string[]): string => {
  const folder = mkdtempSync(join(tmpdir(), 'release-'));
  const metadata = join(folder, 'metadata.json');
  try {
    const command = ['buildx', 'build', '--file', 'Dockerfile.multistage'];
    const platforms = ['--platform', 'linux/amd64,linux/arm64'];
    const attested = ['--provenance', 'mode=max', '--sbom', 'true'];
    const result = ['--push', '--tag', `${image}:${version}`, '--metadata-file', metadata];
    call('docker', ...command, ...platforms, ...attested, ...result, ...options, '.');
    return JSON.parse(readFileSync(metadata, 'utf8'))['containerimage.digest'];
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const sign = (image: string, ...options: string[]): string =>
  call('cosign', 'sign', '--yes', '--recursive', ...options, image);

const runImage = (service: Service, image: string): string => {
  const flags = ['--publish', '127.0.0.1::8080', ...containerFlags(service)];
  const id = call('docker', 'run', '--detach', ...flags, image);
  return `http://${call('docker', 'port', id, '8080/tcp')}`;
};

// The latest version of all tags on main; one with a hyphen, such as v1.1.0-rc.1, is none.
const latest = (image: string, tag: string): string => {
  const sorted = ['--merged', 'origin/main', '--sort', 'version:refname'];
  const tags = call('git', 'tag', '--list', 'v*', ...sorted).split('\n');
  const newest = tags.filter((other) => !other.includes('-')).at(-1);
  if (tag !== newest) {
    console.error(
      `release: latest stays, since ${tag} is not the latest version, which is ${newest}`,
    );
    return '';
  }
  const [name] = image.split('@');
  return call('docker', 'buildx', 'imagetools', 'create', '--tag', `${name}:latest`, image);
};

/**
 * Runs a step of a release as a program does: what it makes goes to stdout. Resolves with the exit code.
 * @param args the command line's: see `usage`
 */
export const release = (service: Service, [step = '', ...args]: string[]): number => {
  const [first = '', second = ''] = args;
  const steps: Record<string, () => string> = {
    check: () => check(first, second),
    build: () => build(first, second, ...args.slice(2)),
    sign: () => sign(first, ...args.slice(1)),
    run: () => runImage(service, first),
    latest: () => latest(first, second),
  };
  const perform = steps[step];
  if (!perform || !first) {
    console.error(usage);
    return 2;
  }
  try {
    const result = perform();
    if (result) console.log(result);
    return 0;
  } catch (error) {
    // What a command prints says what is wrong with it.
    console.error(`release: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return 1;
  }
};
