import { startServer } from '@edge-ping/serve-testing/process';
import { describe } from 'vitest';
import { fixture } from '../support/targets.ts';
import { anyApp, nodeApp, sentAgain } from './cases.ts';
import { anyAppTestsAt } from './runner.ts';

describe('any app, on Node: the sources', () =>
  anyAppTestsAt((env) => startServer(fixture, { env }), { cases: [...anyApp, ...nodeApp] }));

describe('what an app sends again', () =>
  anyAppTestsAt((env) => startServer(fixture, { env }), { cases: sentAgain, isInOrder: true }));
