import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, expect, test } from 'vitest';
import { contract, healthCase } from '../contract.ts';
import { appChanges, type Change, nameOf, noApp } from './changes.ts';
import { makeCopy } from './copy.ts';

const TIMEOUT = 600_000;
const TARGETS = 4; // in process, npm start, the bundle, wrangler dev

const allFiles = (await readdir('test')).filter((file) => file.endsWith('.test.ts'));

/** Files whose tests can't see the app: a test shows that they pass without one. */
const blindFiles = ['build', 'int-min', 'kubernetes', 'lockfile', 'readme'].map(
  (name) => `${name}.test.ts`,
);

/** The one whose targets are Workers. */
const workersFile = 'cloudflare.test.ts';

/** Those whose targets the others have, too; steps.test.ts runs them with changes. */
const repeatedFiles = ['deploy.test.ts', 'smoke-targets.test.ts'];

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
      if (!text.includes(from))
        throw new Error(`${file} has no ${from}: delete test/template in a service of your own`);
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

/** Runs some of the template's tests in a copy with a change. */
const runTests = async (files: string[], change: Change) => {
  const copy = freeCopies.pop() ?? (await makeCopy());
  copies.add(copy);
  const takeBack = await edit(copy, change);
  const reportFile = join(copy, 'report.json');
  const reporter = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];
  const paths = files.map((file) => `test/${file}`);
  const { ended, stdout, stderr } = run(
    ['npx', 'vitest', 'run', '--maxWorkers', '3', '--project', 'targets', ...reporter, ...paths],
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

/** Expects that of some files' tests with a change, those of its cases fail, and all others pass. */
const expectFailures = async (files: string[], change: Change) => {
  const { exitCode, output, report } = await runTests(files, change);
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
  expect(report.testResults.map(({ name }) => basename(name)).toSorted()).toEqual(files.toSorted());
  return results;
};

test.concurrent('what is not run for each change of the app passes without an app', {
  timeout: TIMEOUT,
}, async () => {
  await expectFailures(blindFiles, noApp);
});

test.concurrent.each(appChanges)(
  'with $name, the cases that fail are those listed, on every target',
  { timeout: TIMEOUT },
  async (change) => {
    const files = allFiles.filter((file) => ![...blindFiles, ...repeatedFiles].includes(file));
    const results = await expectFailures(files, change);
    for (const name of [...change.fails, nameOf(healthCase)])
      expect(results.filter(({ caseName }) => caseName === name)).toHaveLength(TARGETS);
  },
);
