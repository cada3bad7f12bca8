import { setTimeout as sleep } from 'node:timers/promises';
import { events } from '@edge-ping/serve-testing/lambda';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import type { AccessRecord } from '../src/index.ts';
import { lambda } from '../src/web/lambda.ts';

const app = new Hono().get('/', (c) => c.text('Hello')).get('/event', (c) => c.json(c.env));

test('a unit test can call a function of Lambda with an event alone', async () => {
  const handler = lambda(app);
  const minimal = { httpMethod: 'GET', path: '/', headers: { Host: 'h' } };
  const given = [events['1.0']({ path: '/' }), events['2.0']({ path: '/' }), minimal];
  for (const event of given)
    expect(await handler(Object(event))).toMatchObject({ statusCode: 200, body: 'Hello' });
});

test('an invocation ends when what it has begun is done, and what that has begun', async () => {
  const done: string[] = [];
  const tasks = new Hono().get('/', (c) => {
    const { executionCtx } = c;
    const second = () => sleep(20).then(() => done.push('second'));
    executionCtx.waitUntil(
      sleep(20).then(() => {
        done.push('first');
        executionCtx.waitUntil(second());
      }),
    );
    return c.text('accepted');
  });
  await lambda(tasks)(Object(events['2.0']({ path: '/' })));
  expect(done).toEqual(['first', 'second']);
});

test.each(['1.0', '2.0'] as const)(
  'TRACE is served and has a record, in payload %s',
  async (version) => {
    const records: AccessRecord[] = [];
    const app = new Hono().all('/', (c) => c.json({ env: c.env, method: c.req.method }));
    const event = events[version]({ method: 'TRACE', path: '/', requestBody: 'abc' });
    const handler = lambda(app, { accessLog: (record) => records.push(record) });
    const { body } = await handler(Object(event));
    const { requestContext } = event;
    expect(JSON.parse(body)).toMatchObject({ method: 'TRACE', env: { event, requestContext } });
    expect(records).toMatchObject([{ method: 'TRACE', uri: '/', status: 200 }]);
  },
);

test('an app finds the event as it was given, with the body of a GET', async () => {
  const event = events['2.0']({ path: '/event', requestBody: 'abc' });
  const { body } = await lambda(app)(Object(event));
  expect(JSON.parse(body).event).toEqual(event);
});
