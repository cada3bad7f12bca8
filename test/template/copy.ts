import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const left = ['.git', '.wrangler', 'dist', 'node_modules'];

/** Copies the working tree, with what is installed in it. */
export const makeCopy = async (): Promise<string> => {
  const copy = await mkdtemp(join(tmpdir(), 'template-'));
  await cp('.', copy, { recursive: true, filter: (source) => !left.includes(basename(source)) });
  // The link to packages/serve is relative, and so leads to the copy's own.
  const options = { recursive: true, verbatimSymlinks: true };
  await cp('node_modules', join(copy, 'node_modules'), options);
  return copy;
};
