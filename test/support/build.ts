import { execFileSync } from 'node:child_process';

/** Vitest's global set-up: what ships is what is tested. */
export const setup = (): void => {
  execFileSync('npm', ['run', 'build', '--silent', '--', '--log-level=warning'], {
    stdio: 'inherit',
    shell: process.platform === 'win32', // npm is a script there
  });
};
