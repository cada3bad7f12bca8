import { startServer } from '@edge-ping/serve-testing/process';
import { expect } from 'vitest';
import { rawConnection } from '../support/raw.ts';
import { service } from '../support/targets.ts';

/** Starts the service with a store; resolves once it listens. */
export const startService = (options: object = {}, env: NodeJS.ProcessEnv = {}) =>
  startServer(service, { env: { OPTIONS: JSON.stringify(options), ...env } });

/** What the service has told so far of its store. */
export const events = (stderr: string[]): string[] =>
  stderr
    .filter((line) => line.startsWith('{"event"'))
    .map((line) => String(JSON.parse(line).event));

/** Starts the service, and a request whose handler uses the store after SIGUSR2. */
export const inProgress = async (options: object = {}) => {
  const server = await startService(options);
  const connection = rawConnection(server.port);
  connection.write('GET /store-when-told HTTP/1.1\r\nHost: h\r\n\r\n');
  await expect.poll(() => events(server.stderr)).toEqual(['waits']);
  return { server, connection };
};
