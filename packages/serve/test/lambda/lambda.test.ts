import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { events, startLambda } from '@edge-ping/serve-testing/lambda';
import type { APIGatewayProxyResult } from 'hono/aws-lambda';
import { describe, expect, test } from 'vitest';
import { anyAppTests, type FixtureEnv } from '../any-app/runner.ts';
import { appLogTests } from '../app-log/runner.ts';
import { backgroundTests } from '../background/runner.ts';
import { errorTests } from '../errors/runner.ts';
import { headTests, methodTests } from '../head/runner.ts';
import { errorsLambdaRoot, lambdaRoot } from '../support/bundles.ts';
import { lambdaClient } from '../support/targets.ts';
import { handshake } from '../websocket/cases.ts';

describe('any app, on Lambda', () =>
  anyAppTests(async (env) => startLambda(lambdaClient, await lambdaRoot(), env), {
    platform: 'onLambda',
  }));

describe('the errors of any app, on Lambda', () =>
  errorTests(async () => {
    const target = await startLambda(lambdaClient, await errorsLambdaRoot());
    return { ...target, send: (_, sent) => target.send(sent) };
  }));

describe('what goes on after a response, on Lambda', () =>
  backgroundTests(async () => startLambda(lambdaClient, await lambdaRoot())));

describe("the app's log, on Lambda", () =>
  appLogTests(async () => startLambda(lambdaClient, await lambdaRoot())));

test('on Lambda, a request without an id has that of its invocation', async () => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  await target.send({ path: '/throw/error' });
  await expect.poll(() => target.records()).toMatchObject([{ id: 'invocation-1' }]);
  await expect.poll(() => target.errors()).toMatchObject([{ id: 'invocation-1' }]);
  await target.stop();
});

test.each(Object.keys(events))('on Lambda, there is no WebSocket: payload %s', async (payload) => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  const sent = { path: '/ws/echo', headers: handshake };
  expect(await target.send(sent, payload === '1.0' ? payload : '2.0')).toMatchObject({
    status: 426,
    headers: { upgrade: 'websocket' },
  });
  await expect
    .poll(() => target.records())
    .toMatchObject([{ status: 426, error: 'no WebSocket can be served here' }]);
  await target.stop();
});

test.each(Object.entries(events))(
  'on Lambda, cookies and fields beyond ASCII arrive as on Node: payload %s',
  async (_, eventOf) => {
    const target = await startLambda(lambdaClient, await lambdaRoot());
    const text = 'ä€😀, 100 %';
    const headers = { 'x-sent': text, 'user-agent': text, cookie: `a=${text}` };
    const event = eventOf({ path: '/fields', headers });
    const bytes = Buffer.from(text).toString('latin1');
    const { body } = (await target.invoke(event)) as APIGatewayProxyResult;
    expect(JSON.parse(body)).toMatchObject({
      'x-sent': bytes,
      'user-agent': bytes,
      cookie: `a=${bytes}`,
    });
    expect(target.records()).toMatchObject([{ status: 200, user_agent: text }]);
    expect(target.errors()).toEqual([]);
    await target.stop();
  },
);

test('on Lambda, cookies of payload 2.0 may be beyond ASCII', async () => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  const event = { ...events['2.0']({ path: '/fields' }), cookies: ['a=ä€', 'b=1'] };
  const { body } = (await target.invoke(event)) as APIGatewayProxyResult;
  expect(JSON.parse(body)).toMatchObject({
    cookie: `a=${Buffer.from('ä€').toString('latin1')}; b=1`,
  });
  await target.stop();
});

test.each([
  ['nothing', {}],
  ['a schedule', { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} }],
  ['a queue', { Records: [{ messageId: '1', body: '', eventSource: 'aws:sqs' }] }],
  ['a WebSocket', { requestContext: { routeKey: '$connect', connectionId: '1' } }],
  ['null', null],
])('on Lambda, an event of %s has one clear error', async (_, event) => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  await expect(target.invoke(Object(event))).rejects.toThrow('API Gateway and of function URLs');
  expect([target.records(), target.errors()]).toEqual([[], []]);
  await target.stop();
});

test.each([
  ['UTF-8', '61c3a4e282acf09f9880', false],
  ['nothing', '', false],
  ['UTF-8 with a byte order mark', 'efbbbf61', true],
  ['UTF-16', 'fffe6100', true],
  ['Latin-1', '61e4', true],
  ['Shift_JIS', '83658358', true],
])('on Lambda, %s is sent as it is', async (_, hex, isBase64Encoded) => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  const event = events['2.0']({ path: `/csv?hex=${hex}` });
  const result = (await target.invoke(event)) as APIGatewayProxyResult;
  expect(result).toMatchObject({ isBase64Encoded, headers: { 'content-type': 'text/csv' } });
  expect(Buffer.from(result.body, isBase64Encoded ? 'base64' : 'utf8').toString('hex')).toBe(hex);
  await target.stop();
});

test('on Lambda, a record is bounded, whatever is in the event', async () => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
  const long = 'A'.repeat(100_000);
  const event = events['2.0']({ method: long, path: '/throw/error' });
  event.requestContext.http.sourceIp = long;
  await target.invoke(event);
  await target.send({ path: '/health' });
  for (const line of target.stdout.filter((line) => line.startsWith('{')))
    expect(line.length).toBeLessThan(5_000);
  await target.stop();
});

test('on Lambda, an app has the bindings that it is given', async () => {
  const target = await startLambda(lambdaClient, await lambdaRoot());
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
  const target = await startLambda(lambdaClient, await lambdaRoot());
  const notify = `http://127.0.0.1:${(observer.address() as AddressInfo).port}/`;
  await target.send({ path: `/task-of-a-task?notify=${notify}` });
  expect(notified).toBe(2);
  await target.stop();
  observer.close();
});

describe('HEAD, on Lambda', () => {
  const start = async (env: FixtureEnv) => startLambda(lambdaClient, await lambdaRoot(), env);
  methodTests(start);
  headTests(start, ({ date: _, ...headers }) => headers); // the date of an upstream
});
