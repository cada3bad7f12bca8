import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/access-log.ts';
import type { ErrorRecord } from '../../src/error-log.ts';
import { type Received, type Sent, send } from '../../src/testing/client.ts';
import { health } from '../support/targets.ts';
import { type AppCase, anyApp, type Owed } from './cases.ts';

/** What the platform has for the routes of routes.ts: variables, by name. */
export const fixtureEnv = { FIXTURE: 'a value of the platform' };

/** A target that serves the routes of routes.ts. */
export interface AppTarget {
  send(sent: Sent): Promise<Received>;
  records(): AccessRecord[];
  errors(): ErrorRecord[];
  stop(): Promise<unknown>;
}

/** What a run of the table may have of its own. */
interface Options {
  /** What the cases call the platform's differences, if it has any. */
  platform?: 'onWorkers' | 'onLambda';
  /** The cases, if not all. */
  cases?: readonly AppCase[];
}

/** Declares a test for each case of "Any Hono app". */
export const anyAppTests = (
  start: () => Promise<AppTarget>,
  { platform, cases = anyApp }: Options = {},
): void => {
  let target: AppTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  test.each(cases)(
    '$path',
    async ({ method = 'GET', path, requestBody, requestHeaders, ...owed }) => {
      const { status, body, headers, record, isTold }: Owed = {
        ...owed,
        ...(platform && owed[platform]),
      };
      const [recordsBefore, errorsBefore] = [target.records().length, target.errors().length];
      const response = target.send({ method, path, requestBody, headers: requestHeaders ?? {} });
      if (status === 'cut') await expect(response).rejects.toThrow();
      else
        expect(await response).toMatchObject({
          status,
          headers: { ...headers, 'x-content-type-options': 'nosniff' },
          ...(body !== undefined && { body }),
        });
      const newRecords = () => target.records().slice(recordsBefore);
      const error =
        record.error instanceof RegExp ? expect.stringMatching(record.error) : record.error;
      await expect
        .poll(newRecords)
        .toEqual([expect.objectContaining({ method, uri: path, ...record, error })]);
      const newErrors = () =>
        target
          .errors()
          .slice(errorsBefore)
          .map(({ level, message }) => `${level} ${message}`);
      await expect.poll(newErrors).toEqual(isTold ? [`ERROR ${newRecords()[0]?.error}`] : []);
      expect(await target.send(health)).toMatchObject({ status: 200, body: health.body });
      await expect.poll(() => target.records().length).toBe(recordsBefore + 2);
    },
  );
};

/** The same, for a target that listens at a URL. */
export const anyAppTestsAt = (
  start: () => Promise<Omit<AppTarget, 'send'> & { url: string }>,
  options?: Options,
): void =>
  anyAppTests(async () => {
    const target = await start();
    return { ...target, send: (sent) => send(target.url, sent) };
  }, options);
