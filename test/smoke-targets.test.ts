import { send } from '@edge-ping/serve/testing/client';
import { run, type ServerProcess, startServer } from '@edge-ping/serve/testing/process';
import { bundleWorker, startWorker } from '@edge-ping/serve/testing/worker';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contract } from './contract.ts';
import { tryCase } from './support/cases.ts';
import { startCommand } from './support/targets.ts';

let server: ServerProcess;
let worker: Awaited<ReturnType<typeof startWorker>>;
beforeAll(async () => {
  [server, worker] = await Promise.all([
    startServer(startCommand),
    bundleWorker().then(startWorker),
  ]);
});
afterAll(() => Promise.all([server.stop(), worker.stop()]));

/** What is owed to a target: a line for each case and for what is wrong with it, then the sum. */
const owed = async (url: string) => {
  let held = 0;
  const lines: string[] = [];
  for (const expected of contract) {
    const faults = await tryCase(expected, (sent) => send(url, sent));
    if (faults.length === 0) held += 1;
    const verdict = faults.length === 0 ? 'ok    ' : 'not ok';
    lines.push(`${verdict}  ${expected.method} ${expected.path}`);
    for (const fault of faults) lines.push(`        ${fault}`);
  }
  const sum = expect.stringMatching(
    `^${held} of ${contract.length} cases hold; an answer took [\\d.]+ ms \\(median\\), [\\d.]+ ms \\(slowest\\)$`,
  );
  return { lines: [url, ...lines, sum, ''], holds: held === contract.length };
};

// Whether the targets hold the contract is tested where each of them is.
test('npm run smoke finds on our own targets what the tests of each find', async () => {
  const targets = [await owed(server.url), await owed(worker.url)];
  const urls = [server.url, `${worker.url}/`];
  const { ended, stdout } = run(['npm', 'run', 'smoke', '--', '--wait', '0', ...urls]);
  expect(await ended).toBe(targets.every(({ holds }) => holds) ? 0 : 1);
  expect(stdout.slice(stdout.indexOf(server.url))).toEqual(targets.flatMap(({ lines }) => lines));
});
