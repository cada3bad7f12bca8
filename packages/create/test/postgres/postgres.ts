import { spawnSync } from 'node:child_process';
import { chownSync, globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, run } from '@edge-ping/serve-testing/process';
import { expect } from 'vitest';

const [binaries = ''] = globSync('/usr/lib/postgresql/*/bin'); // Debian's

/** Postgres does not run as root: the user of Debian's package. */
const userOf = (name: string) => {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = ['-u', '-g'].map((flag) => Number(spawnSync('id', [flag, name]).stdout));
  return { uid, gid };
};

/** Makes a database server on a port of its own, with a database `postgres`. */
export const startPostgres = async () => {
  const user = userOf('postgres');
  const folder = await mkdtemp(join(tmpdir(), 'postgres-'));
  if (user.uid && user.gid) chownSync(folder, user.uid, user.gid);
  const data = join(folder, 'data');
  const port = String(await freePort());
  const call = async (program: string, ...args: string[]) => {
    const { ended, stdout, stderr } = run([join(binaries, program), ...args], {
      ...user,
      cwd: folder,
    });
    return { exitCode: await ended, output: [...stdout, ...stderr].join('\n') };
  };
  const made = await call('initdb', '--pgdata', data, '--username', 'postgres', '--no-sync');
  expect(made.exitCode, made.output).toBe(0);

  let server: ReturnType<typeof run>;
  const start = async () => {
    const options = ['-D', data, '-p', port, '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
    server = run([join(binaries, 'postgres'), ...options], { ...user, cwd: folder });
    const isReady = () => call('pg_isready', '--host', '127.0.0.1', '--port', port);
    while ((await isReady()).exitCode !== 0) await sleep(50);
  };
  /** Sends a signal to the server and to each process that it has for a client. */
  const signal = (name: string) => {
    const id = String(server.child.pid);
    spawnSync('pkill', [`--signal`, name, '--parent', id]);
    spawnSync('kill', ['-s', name, id]);
  };
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    async kill() {
      signal('KILL');
      await server.ended;
    },
    start,
    freeze: () => signal('STOP'),
    thaw: () => signal('CONT'),
    async remove() {
      signal('KILL');
      await server.ended;
      await rm(folder, { recursive: true });
    },
  };
};
