import { once } from 'node:events';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { describe, expect } from 'vitest';
import { startMany } from '../support/many.ts';
import { cases, linesCases } from './cases.ts';
import { logOptionTests } from './runner.ts';

const file = (name: string) => join(import.meta.dirname, name);

describe('where the logs go, on Node', () =>
  logOptionTests(() => startMany(file('node.ts')), { ...cases, ...linesCases }));

describe('where the logs go, in a Lambda function', () =>
  logOptionTests(
    async () => {
      const { child, stdout, stderr, ended } = run(['node', file('lambda.ts')], {
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      });
      const parsed = (lines: string[]) => lines.map((line) => JSON.parse(line));
      return {
        async send(way, sent) {
          child.send([way, sent]);
          await once(child, 'message');
        },
        records: () => parsed(stdout),
        errors: () => parsed(stderr),
        async stop() {
          child.kill('SIGTERM');
          expect(await ended).toBe(0);
        },
      };
    },
    { ...cases, ...linesCases },
  ));
