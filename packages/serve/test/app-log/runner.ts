import type { Received, Sent } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/log/access-record.ts';
import { cases, ours, traceparents } from './cases.ts';

/** A target that serves the routes of routes.ts. */
export interface LogTarget {
  send(sent: Sent): Promise<Received>;
  records(): AccessRecord[];
  /** The lines of the app's log, and of the error log. */
  errors(): object[];
  stop(): Promise<unknown>;
}

/** What makes a line that is as long as one can be. */
export const long = [
  'many',
  'long-names',
  'long-error',
  'long-message',
  'invisible',
  'deep',
  'huge',
];

const headers = { 'X-Request-Id': 'r1' };

const always = (level: string, message: string, id = 'r1') => ({
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  level,
  id,
  message,
});

/**
 * Declares the tests of the app's log.
 * @param left the lines that are left out
 */
export const appLogTests = (
  start: () => Promise<LogTarget>,
  left: readonly string[] = [],
): void => {
  const isShown = (what: string) => !left.includes(what);
  let target: LogTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  const lineOf = async (level: string, what: string, sent: Partial<Sent> = { headers }) => {
    const before = target.errors().length;
    expect(await target.send({ path: `/log/${level}/${what}`, ...sent })).toMatchObject({
      status: 200,
      body: 'logged',
    });
    await expect.poll(() => target.errors().length).toBe(before + 1);
    return target.errors().at(-1);
  };

  test.each(Object.entries(cases).filter(([what]) => isShown(what)))(
    'a line with %s',
    async (what, fields) => {
      expect(await lineOf('info', what)).toEqual({ ...always('INFO', what), ...fields });
    },
  );

  test.each([
    ['info', 'INFO'],
    ['warn', 'WARN'],
    ['error', 'ERROR'],
  ])('%s writes %s', async (method, level) => {
    expect(await lineOf(method, 'ours')).toEqual({ ...always(level, 'ours'), ...ours });
  });

  test('no line is longer than a log can hold', async () => {
    for (const what of long.filter(isShown))
      expect(JSON.stringify(await lineOf('info', what)).length).toBeLessThan(16_384);
  });

  test.each(traceparents)('of traceparent: %s, all logs have %s', async (traceparent, traceId) => {
    const id = `of:${traceparent}`;
    const sent = { headers: { traceparent, 'X-Request-Id': id } };
    await lineOf('info', 'none', sent);
    await target.send({ path: '/throw/error', ...sent });
    const logged = () =>
      [...target.errors(), ...target.records()].filter((each) => Reflect.get(each, 'id') === id);
    await expect.poll(logged).toHaveLength(4);
    expect(logged().map((each) => Reflect.get(each, 'trace_id'))).toEqual(Array(4).fill(traceId));
  });

  test("the id is the record's", async () => {
    const line = await lineOf('info', 'none', { headers: {} });
    const newest = () => target.records().at(-1);
    await expect.poll(newest).toMatchObject({ uri: '/log/info/none' });
    expect(line).toEqual(always('INFO', 'none', newest()?.id));
  });
};
