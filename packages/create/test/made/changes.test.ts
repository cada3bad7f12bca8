import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { contract, healthCase } from '../../../../test/contract.ts';
import { appChanges, type Change, nameOf } from './changes.ts';
import { copyOf, makeService } from './made-service.ts';

const TIMEOUT = 600_000;
// In process, npm start and two payloads of Lambda; what wrangler uploads, and wrangler dev.
const TARGETS = 4;
const WORKERS = 2;

/** The file whose targets are Workers. */
const workersFile = 'cloudflare.test.ts';

let service: string;
let files: string[];
beforeAll(async () => {
  service = await makeService('changed', '--targets node,workers,lambda');
  copies.add(service); // each change is made in a copy of it
  files = (await readdir(join(service, 'test'))).filter((file) => file.endsWith('.test.ts'));
}, TIMEOUT);

const copies = new Set<string>();
const freeCopies: string[] = [];
afterAll(() => Promise.all(Array.from(copies, (copy) => rm(copy, { recursive: true }))), TIMEOUT);

/** Makes a change in a copy; resolves to what takes it back. */
const edit = async (copy: string, { edits }: Change): Promise<() => Promise<void>> => {
  const originals = new Map<string, string>();
  for (const [file, replacements] of Object.entries(edits)) {
    const path = join(copy, file);
    let text = await readFile(path, 'utf8');
    originals.set(path, text);
    for (const [from, to] of replacements) {
      if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
      text = text.replaceAll(from, to);
    }
    await writeFile(path, text);
  }
  return async () => {
    for (const [path, text] of originals) await writeFile(path, text);
  };
};

/** As much of Vitest's report as is read here. */
interface Report {
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: {
      ancestorTitles: string[];
      title: string;
      status: string;
      failureMessages: string[];
    }[];
  }[];
}

/** Runs the tests of the service in a copy with a change: on Workers, which take long to start, those of a sample. */
const runTests = async (change: Change) => {
  const filters = change.onWorkers ? [] : ['--exclude', `test/${workersFile}`];
  const copy = freeCopies.pop() ?? (await copyOf(service));
  copies.add(copy);
  const takeBack = await edit(copy, change);
  const reportFile = join(copy, 'report.json');
  const reporter = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const { ended, stdout, stderr } = run(
    ['npx', 'vitest', 'run', '--maxWorkers', '3', '--project', 'service', ...reporter, ...filters],
    { cwd: copy },
  );
  const exitCode = await ended;
  const output = [...stdout, ...stderr].join('\n');
  const report: Report = JSON.parse(await readFile(reportFile, 'utf8'));
  await takeBack();
  freeCopies.push(copy);
  return { exitCode, output, report };
};

/** The names of the cases, by the titles of their tests. */
const caseNames = new Map(
  contract.map((each) => [`${nameOf(each)} is ${each.status}`, nameOf(each)]),
);

/** What became of each test, and of each file that fails as a whole. */
const resultsOf = ({ testResults }: Report) =>
  testResults.flatMap(({ name: path, status, message, assertionResults }) => {
    const file = basename(path);
    const results = assertionResults.map(({ ancestorTitles, title, status, failureMessages }) => ({
      file,
      name: [file, ...ancestorTitles, title].join(' > '),
      caseName: caseNames.get(title) ?? '',
      status,
      messages: failureMessages,
    }));
    // What is to be done before its tests fails, or it can't be read.
    const hasFailed = status === 'failed' && results.every((result) => result.status !== 'failed');
    const whole = { file, name: file, caseName: '', status, messages: [message] };
    return hasFailed ? [whole, ...results] : results;
  });

/** Expects that with a change, the tests of its cases fail, and all others pass. */
const expectFailures = async (change: Change) => {
  const { exitCode, output, report } = await runTests(change);
  const results = resultsOf(report);
  const isListed = ({ file, caseName }: (typeof results)[number]) =>
    change.fails.includes(caseName) ||
    (file === workersFile && change.failsOnWorkers?.includes(caseName));
  const others = results.filter((result) => !isListed(result));
  expect(
    others.filter(({ status }) => status !== 'passed'),
    output,
  ).toEqual([]);
  expect(results.filter(isListed).filter(({ status }) => status !== 'failed')).toEqual([]);
  expect(exitCode, output).toBe(results.some(isListed) ? 1 : 0);
  const expected = files.filter((file) => change.onWorkers || file !== workersFile);
  expect(report.testResults.map(({ name }) => basename(name)).toSorted()).toEqual(
    expected.toSorted(),
  );
  return results;
};

test.concurrent.each(appChanges)(
  'with $name, the cases that fail are those listed, on every target that is tried',
  { timeout: TIMEOUT },
  async (change) => {
    const results = await expectFailures(change);
    for (const name of [...change.fails, nameOf(healthCase)])
      expect(results.filter(({ caseName }) => caseName === name)).toHaveLength(
        TARGETS + (change.onWorkers ? WORKERS : 0),
      );
  },
);
