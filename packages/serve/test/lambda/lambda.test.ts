import { describe } from 'vitest';
import { startLambda } from '../../src/testing/lambda.ts';
import { anyAppTests, fixtureEnv } from '../any-app/runner.ts';
import { lambdaClient, lambdaRoot } from '../support/targets.ts';

describe('any app, on Lambda', () =>
  anyAppTests(() => startLambda(lambdaClient, lambdaRoot, fixtureEnv), 'onLambda'));
