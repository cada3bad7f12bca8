import { describe } from 'vitest';
import { errorsBundle } from '../support/bundles.ts';
import { startMany } from '../support/many.ts';
import { sample } from '../support/sample.ts';
import { errorsSource } from '../support/targets.ts';
import { cases } from './cases.ts';
import { errorTests } from './runner.ts';

// Only Node can load it.
const ofCommonJs = {
  "Hono's CommonJS build": { ...cases['no onError, and a single handler'] },
  "Hono's CommonJS build, with an onError": { ...cases['its own onError, and a single handler'] },
};

const all = { ...cases, ...ofCommonJs };

describe.each([
  ['the sources', async () => errorsSource, all],
  ['the bundle', errorsBundle, Object.fromEntries(sample(Object.entries(all), 10))],
] as const)('the errors of any app, on Node: %s', (_, file, owedTo) =>
  errorTests(async () => startMany(await file()), owedTo),
);
