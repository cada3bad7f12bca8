import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';

const find = (program: string) =>
  ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
    .map((bin) => join(bin, program))
    .find(existsSync);

const programs = ['haproxy', 'nginx', 'caddy'];
const missing = programs.filter((program) => !find(program));
if (missing.length > 0)
  throw new Error(
    `Not installed: ${missing.join(' and ')}. Debian: apt-get install ${programs.join(' ')}`,
  );

export type RunningProxy = Awaited<ReturnType<typeof startProxy>>;

/** What nginx needs to run in the foreground, with a folder of its own. */
export const nginxGlobals = (directory: string): string => `daemon off;
pid ${directory}/pid;
events {}`;

/** The same, within its `http`. */
export const nginxPaths = (directory: string): string =>
  [
    'access_log off;',
    ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${directory}/${name};`,
    ),
  ].join('\n  ');

/**
 * Runs a proxy in the foreground, with a folder of its own for its configuration and what it leaves.
 * @param command the proxy's program and arguments, made from the path of its configuration
 * @param configuration made from the path of its folder
 */
export const startProxy = async (
  command: (path: string) => string[],
  configuration: (directory: string) => string,
) => {
  const directory = await mkdtemp(join(tmpdir(), 'proxy-'));
  const path = join(directory, 'proxy.conf');
  await writeFile(path, configuration(directory));
  const [program = '', ...args] = command(path);
  const { child, stdout, stderr, ended } = run([find(program) ?? program, ...args], {
    // Where Caddy keeps what it would remember.
    env: { ...process.env, XDG_DATA_HOME: directory, XDG_CONFIG_HOME: directory },
  });
  return {
    directory,
    output: () => [...stdout, ...stderr].join('\n'),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      await rm(directory, { recursive: true });
    },
  };
};
