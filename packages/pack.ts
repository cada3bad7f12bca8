import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs npm, which must succeed; returns what it prints on stdout. */
export const npm = (args: string[], cwd = '.'): string =>
  execFileSync('npm', args, {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32', // npm is a script there
  }).trim();

/** What npm would publish. */
export interface Packed {
  name: string;
  version: string;
  integrity: string;
  /** The path of the tarball. */
  tarball: string;
}

/** Builds and packs a package of the repository. */
export const pack = (name: string): Packed => {
  const folder = join(import.meta.dirname, name);
  npm(['run', 'build'], folder);
  const args = ['pack', './dist', '--pack-destination', 'dist', '--json'];
  const [packed] = JSON.parse(npm(args, folder));
  return { ...packed, tarball: join(folder, 'dist', packed.filename) };
};
