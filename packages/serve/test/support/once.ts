import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';

/** Makes a folder; resolves to whether it is the first to do so. */
const isFirst = (folder: string): Promise<boolean> =>
  mkdir(folder).then(
    () => true,
    () => false,
  );

/**
 * Fills a folder when it is needed, once in a run: each test file has a process of its own.
 * @returns what resolves to its path
 */
export const once =
  (name: string, fill: (folder: string) => Promise<unknown>) => async (): Promise<string> => {
    const folder = join(inject('made'), name);
    const isFilled = `${folder}.filled`;
    while (!(await isFirst(folder))) {
      if (existsSync(isFilled)) return folder;
      await sleep(10);
    }
    try {
      await fill(folder);
    } catch (error) {
      await rm(folder, { recursive: true }); // the next one fails by itself
      throw error;
    }
    await writeFile(isFilled, '');
    return folder;
  };
