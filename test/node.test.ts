import { existsSync } from 'node:fs';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { contractTestsAt } from './support/contract-tests.ts';
import { bundleCommand, startCommand } from './support/targets.ts';

/** Makes what ships. */
const build = async () => {
  const command = ['npm', 'run', 'build', '--silent', '--', '--log-level=warning'];
  const { stderr, ended } = run(command, { shell: process.platform === 'win32' }); // npm is a script there
  expect(await ended, stderr.join('\n')).toBe(0);
  return bundleCommand;
};

describe.each([
  ['npm start', () => startCommand],
  ['the bundle', build],
])('%s', (_, commandOf) => {
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServer(await commandOf());
  });
  afterAll(async () => {
    expect(await server.stop()).toBe(0);
  });

  contractTestsAt(() => server.url);

  test('says on stderr where it listens, and its version', () => {
    // An older Node warns of what it calls experimental, such as SQLite.
    const isWarning = (line: string) => /ExperimentalWarning|--trace-warnings/.test(line);
    expect(server.stderr.filter((line) => !isWarning(line))).toEqual([
      `${manifest.name} ${manifest.version} listens on http://localhost:${server.port}`,
    ]);
  });
});

describe.skipIf(process.platform !== 'linux')('Ctrl-C in a terminal', () => {
  test.each(['dash', 'bash'].filter((shell) => existsSync(`/bin/${shell}`)))(
    'ends what npm start runs where sh is %s',
    async (shell) => {
      const command = `npm start --script-shell=/bin/${shell}`;
      const { child, stdout, ended } = run(['script', '-qefc', command, '/dev/null'], {
        stdio: ['pipe', 'pipe', 'pipe'],
        env: { ...process.env, PORT: '0' },
      });
      await expect.poll(() => stdout.join('\n')).toContain('listens on');
      child.stdin?.write('\x03');
      await ended; // npm's own exit code depends on the shell
      const [, port] = /localhost:(\d+)/.exec(stdout.join('\n')) ?? [];
      await expect(send(`http://127.0.0.1:${port}`, { path: '/' })).rejects.toThrow('ECONNREFUSED');
    },
  );
});
