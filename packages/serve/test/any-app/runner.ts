import { type Received, type Sent, send } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/log/access-record.ts';
import type { ErrorRecord } from '../../src/log/error-record.ts';
import { health } from '../support/targets.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { type AppCase, anyApp, type Owed } from './cases.ts';

/** What the platform has for the routes of routes.ts: variables, by name. */
export interface FixtureEnv extends Record<string, string> {
  FIXTURE: string;
  /** The URL of a server to fetch from. */
  UPSTREAM: string;
}

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
  /** Whether a case needs that the one before it has ended. */
  isInOrder?: boolean;
}

const matching = (value: unknown) =>
  value instanceof RegExp ? expect.stringMatching(value) : value;

/** Declares a test for each case of "Any Hono app". */
export const anyAppTests = (
  start: (env: FixtureEnv) => Promise<AppTarget>,
  { platform, cases = anyApp, isInOrder = false }: Options = {},
): void => {
  let target: AppTarget;
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream();
    target = await start({ FIXTURE: 'a value of the platform', UPSTREAM: upstream.url });
  });
  afterAll(async () => {
    await target.stop();
    upstream.stop();
  });

  const owedOf = (each: Omit<AppCase, 'path'>): Owed => ({
    ...each,
    ...(platform && each[platform]),
  });

  // The record of a case is known by its user agent.
  const named = cases.map((each, index) => ({ ...each, userAgent: `case ${index}` }));

  describe('each case', { concurrent: !isInOrder }, () => {
    test.for(named)(
      '$method $path',
      async ({ method = 'GET', path, userAgent, ...owed }, { expect }) => {
        const { status, body, headers = {}, record, isTold, told } = owedOf(owed);
        const { requestBody, requestHeaders } = owed;
        const response = target.send({
          method,
          path,
          requestBody,
          headers: { 'User-Agent': userAgent, ...requestHeaders },
        });
        let id = matching(owed.id ?? /^/);
        if (status === 'cut') await expect(response).rejects.toThrow();
        else {
          const received = await response;
          const fields = Object.entries(headers);
          const present = fields.flatMap(([name, value]) =>
            value === null ? [] : [[name, matching(value)]],
          );
          expect(received).toMatchObject({
            status,
            headers: { ...Object.fromEntries(present), 'x-content-type-options': 'nosniff' },
            ...(body !== undefined && { body: matching(body) }),
          });
          for (const [name, value] of fields)
            if (value === null) expect(received.headers).not.toHaveProperty([name]);
          // Two ways to say where the body ends are two chances for proxies to disagree.
          const { 'content-length': length, 'transfer-encoding': coding } = received.headers;
          expect([length, coding]).toContain(undefined);
          const { 'x-request-id': sentId } = received.headers;
          if (owed.id !== undefined && sentId !== undefined) expect(sentId).toEqual(id);
          id = sentId ?? id;
        }
        const records = () => target.records().filter((each) => each.user_agent === userAgent);
        const error = matching(record.error);
        await expect
          .poll(records)
          .toEqual([expect.objectContaining({ id, method, uri: path, ...record, error })]);
        const errors = () =>
          target.errors().filter((line) => line.method === method && line.uri === path);
        const [logged] = records();
        const line = { level: 'ERROR', id: logged?.id, message: matching(told ?? logged?.error) };
        await expect.poll(errors).toEqual(isTold ? [expect.objectContaining(line)] : []);
      },
    );
  });

  test('after all of them it serves, and no request has had a second record', async () => {
    expect(await target.send(health)).toMatchObject({ status: 200, body: health.body });
    await expect.poll(() => target.records().at(-1)).toMatchObject({ uri: health.path });
    expect(target.records()).toHaveLength(cases.length + 1);
    expect(target.errors()).toHaveLength(cases.filter((each) => owedOf(each).isTold).length);
  });
};

/** The same, for a target that listens at a URL. */
export const anyAppTestsAt = (
  start: (env: FixtureEnv) => Promise<Omit<AppTarget, 'send'> & { url: string }>,
  options?: Options,
): void =>
  anyAppTests(async (env) => {
    const target = await start(env);
    return { ...target, send: (sent) => send(target.url, sent) };
  }, options);
