import { globSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { run } from '@edge-ping/serve-testing/process';
import { parse } from 'yaml';

interface Step {
  id?: string;
  name?: string;
  if?: string;
  run?: string;
  env?: Record<string, string>;
}

/** What a step of a workflow printed, and how it ended. */
export interface Outcome {
  name: string;
  outcome: 'success' | 'failure';
  output: string;
}

interface Options {
  /** What the workflow's expressions can use, such as `vars` and `secrets`. */
  contexts: Record<string, unknown>;
  env: NodeJS.ProcessEnv;
  /** Changes the outputs of a step before the others see them. */
  onOutputs(outputs: Record<string, string>): Promise<Record<string, string>>;
}

/**
 * Runs the named steps of a job as GitHub's runner does, one after the other; what they need is installed. GitHub's
 * expressions are JavaScript's, as far as they are used here.
 */
export const runJob = async (
  file: string,
  job: string,
  { contexts, env, onOutputs }: Options,
): Promise<Outcome[]> => {
  const workflow = parse(await readFile(file, 'utf8'));
  const directory = await mkdtemp(join(tmpdir(), 'edge-ping-workflow-'));
  const script = join(directory, 'script');
  const outputFile = join(directory, 'output');
  const done: Outcome[] = [];
  const declared: Step[] = workflow.jobs[job].steps;
  const steps = Object.fromEntries(
    declared.map(({ id = '' }) => [id, { outcome: 'skipped', outputs: {} }]),
  );
  const hasFailed = () => done.some(({ outcome }) => outcome === 'failure');
  const evaluate = (expression: string) =>
    runInNewContext(expression, {
      ...contexts,
      steps,
      runner: { temp: directory },
      failure: hasFailed,
      cancelled: () => false,
      hashFiles: (pattern: string) => globSync(pattern).join(), // empty, like GitHub's, if there are none
    });
  // A condition that asks for no status means that nothing has failed, too.
  const isDue = (condition = '') =>
    (/\b(failure|cancelled|always)\(\)/.test(condition) || !hasFailed()) &&
    (condition === '' || evaluate(condition));
  const interpolate = (values: Record<string, string> = {}) =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        value.replaceAll(/\$\{\{(.*?)\}\}/g, (_, expression) => evaluate(expression) ?? ''),
      ]),
    );

  for (const { id, name, run: commands, ...step } of declared) {
    if (!name || !commands || !isDue(step.if)) continue;
    await writeFile(script, commands);
    await writeFile(outputFile, '');
    const { ended, stdout, stderr } = run(['bash', '-eo', 'pipefail', script], {
      env: {
        ...env,
        ...interpolate(workflow.jobs[job].env),
        ...interpolate(step.env),
        GITHUB_OUTPUT: outputFile,
      },
    });
    const outcome = (await ended) === 0 ? 'success' : 'failure';
    done.push({ name, outcome, output: [...stdout, ...stderr].join('\n') });
    if (!id) continue;
    const lines = (await readFile(outputFile, 'utf8')).trim().split('\n');
    const outputs = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s)));
    steps[id] = { outcome, outputs: await onOutputs(outputs) };
  }
  await rm(directory, { recursive: true });
  return done;
};
