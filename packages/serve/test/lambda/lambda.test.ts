import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { events, startLambda } from '@edge-ping/serve-testing/lambda';
import { describe, expect, test } from 'vitest';
import { anyAppTests, type FixtureEnv } from '../any-app/runner.ts';
import { appLogTests } from '../app-log/runner.ts';
import { backgroundTests } from '../background/runner.ts';
import { errorTests } from '../errors/runner.ts';
import { headTests, methodTests } from '../head/runner.ts';
import { errorsLambdaRoot, lambdaClient, lambdaRoot } from '../support/targets.ts';
import { handshake } from '../websocket/cases.ts';

describe('any app, on Lambda', () =>
  anyAppTests((env) => startLambda(lambdaClient, lambdaRoot, env), { platform: 'onLambda' }));

describe('the errors of any app, on Lambda', () =>
  errorTests(async () => {
    const target = await startLambda(lambdaClient, errorsLambdaRoot);
    return { ...target, send: (_, sent) => target.send(sent) };
  }));

describe('what goes on after a response, on Lambda', () =>
  backgroundTests(() => startLambda(lambdaClient, lambdaRoot)));

describe("the app's log, on Lambda", () =>
  appLogTests(() => startLambda(lambdaClient, lambdaRoot)));

test('on Lambda, a request without an id has that of its invocation', async () => {
  const target = await startLambda(lambdaClient, lambdaRoot);
  await target.send({ path: '/throw/error' });
  await expect.poll(() => target.records()).toMatchObject([{ id: 'invocation-1' }]);
  await expect.poll(() => target.errors()).toMatchObject([{ id: 'invocation-1' }]);
  await target.stop();
});

test.each(Object.keys(events))('on Lambda, there is no WebSocket: payload %s', async (payload) => {
  const target = await startLambda(lambdaClient, lambdaRoot);
  const sent = { path: '/ws/echo', headers: handshake };
  expect(await target.send(sent, payload === '1.0' ? payload : '2.0')).toMatchObject({
    status: 426,
    headers: { upgrade: 'websocket' },
  });
  await expect
    .poll(() => target.records())
    .toMatchObject([{ status: 426, error: 'the route is for a WebSocket' }]);
  await target.stop();
});

test('on Lambda, an app has the bindings that it is given', async () => {
  const target = await startLambda(lambdaClient, lambdaRoot);
  expect(await target.send({ path: '/stored' })).toMatchObject({ status: 200, body: 'stored' });
  await target.stop();
});

test('an invocation on Lambda ends when what was begun in it is done', async () => {
  let notified = 0;
  const observer = createServer((_, response) => {
    notified += 1;
    response.end();
  }).listen(0, '127.0.0.1');
  await once(observer, 'listening');
  const target = await startLambda(lambdaClient, lambdaRoot);
  const notify = `http://127.0.0.1:${(observer.address() as AddressInfo).port}/`;
  await target.send({ path: `/task-of-a-task?notify=${notify}` });
  expect(notified).toBe(2);
  await target.stop();
  observer.close();
});

describe('HEAD, on Lambda', () => {
  const start = (env: FixtureEnv) => startLambda(lambdaClient, lambdaRoot, env);
  methodTests(start);
  headTests(start, ({ date: _, ...headers }) => headers); // the date of an upstream
});
