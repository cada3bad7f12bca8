import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nameOf, tryCase } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { contract } from './contract.ts';
import { startCommand } from './support/targets.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(startCommand);
});
afterAll(() => server.stop());

const tried = contract.filter(({ live }) => live !== false);

/** What is owed to a target: a line for each case and for what is wrong with it, then the sum. */
const owed = async (url: string) => {
  let held = 0;
  const lines: string[] = [];
  for (const expected of tried) {
    const faults = await tryCase(expected, (sent) => send(url, sent));
    if (faults.length === 0) held += 1;
    const verdict = faults.length === 0 ? 'ok    ' : 'not ok';
    lines.push(`${verdict}  ${nameOf(expected)}`);
    for (const fault of faults) lines.push(`        ${fault}`);
  }
  const sum = expect.stringMatching(
    `^${held} of ${tried.length} cases hold; an answer took [\\d.]+ ms \\(median\\), [\\d.]+ ms \\(slowest\\)$`,
  );
  return { lines: [url, ...lines, sum, ''], holds: held === tried.length };
};

// Whether the service holds the contract is tested where each of its targets is.
test('npm run smoke finds on our own service what its tests find', async () => {
  const { lines, holds } = await owed(server.url);
  const { ended, stdout } = run(['npm', 'run', 'smoke', '--', '--wait', '0', server.url]);
  expect(await ended).toBe(holds ? 0 : 1);
  const report = stdout.slice(stdout.indexOf(server.url));
  expect(report.filter((line) => !/^skip|^\d+ skipped/.test(line))).toEqual(lines);
});

test('npm run smoke needs no packages: only the files of the repository', async () => {
  const copy = await mkdtemp(join(tmpdir(), 'smoke-'));
  for (const path of ['package.json', 'test', 'tools', 'packages/serve-testing/src'])
    await cp(path, join(copy, path), { recursive: true });
  const [node = '', file = ''] = manifest.scripts.smoke.split(' ');
  const { holds } = await owed(server.url);
  const { ended, stderr } = run([node, join(copy, file), '--wait', '0', server.url]);
  expect(await ended, stderr.join('\n')).toBe(holds ? 0 : 1);
  expect(stderr).toEqual([]);
  await rm(copy, { recursive: true });
});
