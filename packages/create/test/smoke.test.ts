import { nameOf, tryCase } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contract } from '../../../test/contract.ts';

let server: ServerProcess;
beforeAll(async () => {
  server = await startServer(['node', 'adapters/node.ts']);
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

test.each([
  [[], /^Usage: serve-testing smoke\|deploy\|release/],
  [['nope'], /^Usage: serve-testing smoke\|deploy\|release/],
  [['smoke'], /^No URL is given$/],
  [['release'], /^Usage: serve-testing release STEP$/],
  [['release', 'nope', 'x'], /^Usage: serve-testing release STEP$/],
  [['deploy', 'x'], /^Usage: serve-testing deploy$/],
])('serve-testing %j explains itself', async (args, line) => {
  const { ended, stderr } = run(['serve-testing', ...args]);
  expect(await ended).toBe(2);
  expect(stderr[0]).toMatch(line);
});

test('serve-testing says that there is no service, where there is none', async () => {
  const { ended, stderr } = run(['serve-testing', 'smoke', 'http://localhost'], { cwd: 'docs' });
  expect(await ended).toBe(2);
  expect(stderr).toEqual([expect.stringMatching(/docs\/test\/service\.ts: is not there$/)]);
});
