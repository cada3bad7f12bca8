import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npm, type Packed, pack } from './pack.ts';
import { publishedPackages } from './published.ts';

// Publishes the packages from a tag, as release.yml does it:
//   node packages/publish.ts check TAG     refuses what must not be published
//   node packages/publish.ts publish TAG   publishes what is not there yet, the library first
// A run that failed in between is run again: what is there already, byte for byte, is left as it is. Nobody gets a half:
// what is published later needs what came before it, and nothing the other way round.
const [step, tag = ''] = process.argv.slice(2);

/** What stops it, said in one line. */
class Refusal extends Error {}

const readVersion = (folder: string): string =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version;

/** The integrity of a version in the registry; nothing if it isn't there. */
const publishedIntegrity = ({ name, version }: Packed): string | undefined => {
  try {
    return npm(['view', `${name}@${version}`, 'dist.integrity']) || undefined;
  } catch (error) {
    if (String(Object(error).stderr).includes('E404')) return undefined;
    throw error;
  }
};

/** Packs all; returns those that are not in the registry yet. */
const check = (): Packed[] => {
  const versions = ['..', ...publishedPackages].map((name) =>
    readVersion(join(import.meta.dirname, name)),
  );
  const other = versions.find((version) => tag !== `v${version}`);
  if (other) throw new Refusal(`the tag is ${tag}, but a package.json has ${other}`);
  return publishedPackages.map(pack).filter((packed) => {
    const there = publishedIntegrity(packed);
    if (there && there !== packed.integrity)
      throw new Refusal(
        `${packed.name}@${packed.version} is published already, with other contents`,
      );
    if (there) console.log(`${packed.name}@${packed.version} is published already`);
    return !there;
  });
};

const publish = ({ name, version, tarball }: Packed): void => {
  // A version with a hyphen, such as 1.1.0-rc.1, is not the latest.
  const options = ['--access', 'public', '--tag', version.includes('-') ? 'next' : 'latest'];
  if (process.env.GITHUB_ACTIONS) options.push('--provenance');
  npm(['publish', tarball, ...options]);
  console.log(`${name}@${version} is published`);
};

try {
  if (step !== 'check' && step !== 'publish')
    throw new Refusal('needs `check TAG` or `publish TAG`');
  const missing = check();
  if (step === 'publish') for (const packed of missing) publish(packed);
} catch (error) {
  const { stderr } = Object(error);
  if (!(error instanceof Refusal || stderr)) throw error;
  console.error(`publish: ${error instanceof Refusal ? error.message : stderr}`);
  process.exitCode = 1;
}
