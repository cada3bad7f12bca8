// `npm run create -- ../my-service`: the same from a clone, with the library and its helpers as tarballs.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { main, type Source } from './src/create.ts';
import { readTemplate } from './src/read-template.ts';

/** Packs a package of the repository; returns the path of its tarball. */
const pack = (name: string): string => {
  const folder = join(import.meta.dirname, '..', name);
  const output = execFileSync('npm', ['run', 'pack', '--silent'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32', // npm is a script there
  });
  return join(folder, 'dist', output.trim().split('\n').at(-1) ?? '');
};

const source = async (): Promise<Source> => ({
  template: readTemplate(),
  tarballs: { serve: pack('serve'), testing: pack('serve-testing') },
});

process.exitCode = await main(process.argv.slice(2), source);
