import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
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

/** Builds and packs a package of the repository, in a folder that this process removes at its end: others may do the same. */
export const pack = (name: string): Packed => {
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  npm(['run', 'build', '--', folder], join(import.meta.dirname, name));
  const [packed] = JSON.parse(npm(['pack', '--json'], folder));
  return { ...packed, tarball: join(folder, packed.filename) };
};
