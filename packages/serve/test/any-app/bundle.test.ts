import { startServer } from '@edge-ping/serve-testing/process';
import { describe } from 'vitest';
import { bundle } from '../support/bundles.ts';
import { sample } from '../support/sample.ts';
import { anyApp, nodeApp } from './cases.ts';
import { anyAppTestsAt } from './runner.ts';

// In a file of its own, so that it runs beside the sources.
describe('any app, on Node: the bundle', () =>
  anyAppTestsAt(async (env) => startServer(await bundle(), { env }), {
    cases: sample([...anyApp, ...nodeApp], 40),
  }));
