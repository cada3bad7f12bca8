import { join } from 'node:path';
import { type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import type { Kind } from './serving.ts';

const main = ['node', join(import.meta.dirname, 'main.ts')];

/** Starts a program, served by what `kind` names. */
export const start = (
  program: string,
  kind: Kind,
  env: NodeJS.ProcessEnv = {},
  args: string[] = [],
): Promise<ServerProcess> =>
  startServer([...main, ...args], {
    env: { ...process.env, NODE_ENV: 'production', PROGRAM: program, SERVED_BY: kind, ...env },
  });
