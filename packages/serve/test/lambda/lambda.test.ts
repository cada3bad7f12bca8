import { describe } from 'vitest';
import { startLambda } from '../../src/testing/lambda.ts';
import { anyAppTests, fixtureEnv } from '../any-app/runner.ts';
import { errorTests } from '../errors/runner.ts';
import { errorsLambdaRoot, lambdaClient, lambdaRoot } from '../support/targets.ts';

describe('any app, on Lambda', () =>
  anyAppTests(() => startLambda(lambdaClient, lambdaRoot, fixtureEnv), { platform: 'onLambda' }));

describe('the errors of any app, on Lambda', () =>
  errorTests(async () => {
    const target = await startLambda(lambdaClient, errorsLambdaRoot);
    return { ...target, send: (_, sent) => target.send(sent) };
  }));
