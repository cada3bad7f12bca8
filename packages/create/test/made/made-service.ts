import { cp, mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect } from 'vitest';

/** Runs a command of a shell in a folder; it must succeed. Resolves with what it printed. */
export const succeed = async (command: string, cwd: string): Promise<string> => {
  const { stdout, stderr, ended } = run(['sh', '-c', command], { cwd });
  const exitCode = await ended;
  const output = [command, ...stdout, ...stderr].join('\n');
  expect(exitCode, output).toBe(0);
  return output;
};

/** Makes a service from the clone, in a folder of its own; resolves with its path. */
export const makeService = async (name: string, options = ''): Promise<string> => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'made-')));
  const service = join(folder, name);
  await succeed(`npm run create --silent -- ${service} --yes ${options}`, '.');
  return service;
};

/** Copies a service with what is installed in it. */
export const copyOf = async (service: string): Promise<string> => {
  const copy = join(await mkdtemp(join(tmpdir(), 'made-')), 'copy');
  await cp(service, copy, { recursive: true, verbatimSymlinks: true });
  return copy;
};
