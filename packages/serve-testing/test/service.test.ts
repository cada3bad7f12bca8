import { run } from '@edge-ping/serve-testing/process';
import { type Service, testEnvironment } from '@edge-ping/serve-testing/service';
import { expect, test, vi } from 'vitest';
import { healthCase } from './contract.ts';

const app = () => Promise.reject(new Error('is not asked'));

test('a service under test has the settings of its test, and not those of the shell', async () => {
  vi.stubEnv('DATABASE_URL', 'postgres://production');
  const service: Service = { contract: [], healthCase, app, env: { GREETING: 'Hello' } };
  const env = { ...process.env, ...testEnvironment(service, { DATABASE: 'folder' }) };
  const { ended, stdout } = run(['node', '-p', 'JSON.stringify(process.env)'], { env });
  expect(await ended).toBe(0);
  const received = JSON.parse(stdout.join(''));
  expect(received).toMatchObject({ GREETING: 'Hello', DATABASE: 'folder' });
  expect(received).not.toHaveProperty('DATABASE_URL');
  vi.unstubAllEnvs();
});
