import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLambda } from '@edge-ping/serve-testing/lambda';
import { run } from '@edge-ping/serve-testing/process';
import { contractTests } from '@edge-ping/serve-testing/targets';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { service } from '../../../../test/service.ts';
import { lambdaClient } from '../../../serve/test/support/targets.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lambda-'));
});
afterAll(() => rm(directory, { recursive: true }));

const succeed = async (command: string) => {
  const { stderr, ended } = run([command], { shell: true });
  expect(await ended, stderr.join('\n')).toBe(0);
};

describe('the zip, unpacked by Python, in the runtime of AWS', () => {
  let lambda: Awaited<ReturnType<typeof startLambda>>;
  beforeAll(async () => {
    const taskRoot = join(directory, 'zip');
    await succeed('npm run build:lambda');
    await succeed(`python3 -m zipfile -e dist/lambda.zip ${taskRoot}`);
    expect(await readdir(taskRoot)).toEqual(['index.mjs']);
    lambda = await startLambda(lambdaClient, taskRoot);
  });
  afterAll(() => lambda.stop());

  describe('by payload 1.0', () => contractTests(service, (sent) => lambda.send(sent, '1.0')));
  describe('by payload 2.0', () => contractTests(service, (sent) => lambda.send(sent, '2.0')));

  test.each(['1.0', '2.0'] as const)('by payload %s, a request has its record', async (payload) => {
    const uri = `/log?payload=${payload}`;
    const headers = { 'User-Agent': 'a\x7f' };
    const posted = await lambda.send(
      { method: 'POST', path: uri, requestBody: 'a=1', headers },
      payload,
    );
    const got = await lambda.send(
      { path: uri, headers: { 'X-Request-Id': 'r1', 'User-Agent': 'é /' } },
      payload,
    );
    await expect
      .poll(() => lambda.records().filter((record) => record.uri === uri))
      .toEqual([
        expect.objectContaining({
          id: expect.stringMatching(/^invocation-\d+$/),
          remote_ip: '127.0.0.1',
          host: 'example.lambda-url.eu-central-1.on.aws',
          method: 'POST',
          user_agent: 'a\x7f',
          status: posted.status,
          bytes_in: 3,
        }),
        expect.objectContaining({ id: 'r1', user_agent: 'é /', status: got.status }),
      ]);
  });

  test('stdout has the records and nothing else, in lines without control characters', () => {
    expect(lambda.records()).toHaveLength(lambda.stdout.length);
    expect(lambda.stdout.join('')).toMatch(/^\P{Cc}+$/u);
  });

  test('a GET with a body is served', async () => {
    const sent = { path: '/', requestBody: 'a=1' };
    expect(await lambda.send(sent)).toMatchObject({ status: 200, body: 'Hello, Docker! <3' });
  });

  test('TRACE is served, and has a record', async () => {
    const sent = { method: 'TRACE', path: '/' };
    expect(await lambda.send(sent)).toMatchObject({ status: 404 });
    expect(lambda.records().at(-1)).toMatchObject({ method: 'TRACE', status: 404 });
  });
});
