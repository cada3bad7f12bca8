import { type Expected, requestOf, tryCase } from '@edge-ping/serve-testing/cases';
import { expect, test } from 'vitest';

const one = { method: 'GET', path: '/', status: 200, headers: {} };

/** What is wrong with a body that comes where another is expected. */
const faultsOf = (body: Expected, received: string) =>
  tryCase({ ...one, body }, async () => ({ status: 200, headers: {}, body: received }), {});

test.each<[Expected, string]>([
  ['text', 'text'],
  ['{"a":1}', '{"a":1}'],
  [/^a\d$/, 'a1'],
  [{ a: 1, b: [null, true] }, '{"b":[null,true],"a":1}'],
  [{ id: /^\d+$/ }, '{"id":"12"}'],
  [{}, '{}'],
  [[], '[]'],
  [1, '1'],
])('%j is what %j means', async (expected, received) => {
  expect(await faultsOf(expected, received)).toEqual([]);
});

test.each<[Expected, string, string]>([
  ['text', 'Text', 'expected "text", received "Text"'],
  [/^a\d$/, 'b1', 'expected /^a\\d$/, received "b1"'],
  [{ a: 1 }, '{"a":1,"b":2}', 'expected {"a":1}, received {"a":1,"b":2}'],
  [{ a: 1, b: 2 }, '{"a":1}', 'expected {"a":1,"b":2}, received {"a":1}'],
  [{ a: 1 }, '{"a":"1"}', 'expected {"a":1}, received {"a":"1"}'],
  [{ a: null }, '{}', 'expected {"a":null}, received {}'],
  [{ id: /^\d+$/ }, '{"id":12}', 'expected {"id":"/^\\\\d+$/"}, received {"id":12}'],
  [{}, '[]', 'expected {}, received []'],
  [[], '{}', 'expected [], received {}'],
  [{}, 'null', 'expected {}, received null'],
  [[1, 2], '[2,1]', 'expected [1,2], received [2,1]'],
  [{ a: 1 }, '<html>', 'expected {"a":1}, received "<html>"'],
])('%j is not what %j means', async (expected, received, fault) => {
  expect(await faultsOf(expected, received)).toEqual([`body: ${fault}`]);
});

test('an object is sent as JSON, and a text as it is', () => {
  expect(requestOf({ ...one, requestBody: { a: 1 }, body: '' })).toMatchObject({
    headers: { 'Content-Type': 'application/json' },
    requestBody: '{"a":1}',
  });
  expect(requestOf({ ...one, requestBody: 'a=1', body: '' })).toMatchObject({
    headers: {},
    requestBody: 'a=1',
  });
});
