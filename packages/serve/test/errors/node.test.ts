import { once } from 'node:events';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import { describe, expect } from 'vitest';
import { sample } from '../support/sample.ts';
import { errorsBundle, errorsSource } from '../support/targets.ts';
import { cases } from './cases.ts';
import { type ErrorTarget, errorTests } from './runner.ts';

const start = async (file: string): Promise<ErrorTarget> => {
  const { child, stdout, stderr, ended } = run(['node', '--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const failed = ended.then((code) =>
    Promise.reject(new Error(`ended with ${code}: ${stderr.join('\n')}`)),
  );
  failed.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), failed]);
  const ports = new Map<string, number>(message);
  const isRecord = (line: string) => line.startsWith('{');
  return {
    send: (app, sent) => send(`http://127.0.0.1:${ports.get(app)}`, sent),
    records: () => stdout.map((line) => JSON.parse(line)),
    errors: () => stderr.filter(isRecord).map((line) => JSON.parse(line)),
    plainLines: () => stderr.filter((line) => !isRecord(line)),
    async stop() {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(stderr.filter((line) => !isRecord(line))).toEqual([]);
    },
  };
};

// Only Node can load it.
const ofCommonJs = {
  "Hono's CommonJS build": { ...cases['no onError, and a single handler'] },
  "Hono's CommonJS build, with an onError": { ...cases['its own onError, and a single handler'] },
};

const all = { ...cases, ...ofCommonJs };

describe.each([
  ['the sources', errorsSource, all],
  ['the bundle', errorsBundle, Object.fromEntries(sample(Object.entries(all), 10))],
] as const)('the errors of any app, on Node: %s', (_, file, owedTo) =>
  errorTests(() => start(file), owedTo),
);
