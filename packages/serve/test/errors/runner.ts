import type { Received, Sent } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/log/access-record.ts';
import type { ErrorRecord } from '../../src/log/error-record.ts';
import { cases, type Owed, requestId } from './cases.ts';

/** A target that serves each app of apps.ts. */
export interface ErrorTarget {
  /** Sends a request to an app, by its name. */
  send(app: string, sent: Sent): Promise<Received>;
  records(): AccessRecord[];
  errors(): ErrorRecord[];
  /** What is on stderr beside the ERROR lines. */
  plainLines(): string[];
  stop(): Promise<unknown>;
}

const matching = (text: string | RegExp) =>
  text instanceof RegExp ? expect.stringMatching(text) : text;

/** Declares a test for each app. */
export const errorTests = (
  start: () => Promise<ErrorTarget>,
  owedTo: Record<string, Owed> = cases,
): void => {
  let target: ErrorTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  test.each(Object.entries(owedTo))('%s', async (app, owed) => {
    const path = `/fail?${encodeURIComponent(app)}`;
    const [errorsBefore, plainLinesBefore] = [target.errors().length, target.plainLines()];
    const received = await target.send(app, {
      path,
      headers: { 'X-App': app, 'X-Request-Id': requestId },
    });
    expect(received).toMatchObject({
      status: owed.status,
      body: owed.body,
      headers: {
        'x-content-type-options': 'nosniff',
        ...owed.headers,
      },
    });
    await expect
      .poll(() => target.records().filter(({ uri }) => uri === path))
      .toEqual([
        expect.objectContaining({
          status: owed.status,
          error: matching(owed.error),
        }),
      ]);
    const told = () => target.errors().slice(errorsBefore);
    const lines = [
      ...owed.told.map((message) => ({ level: 'ERROR', message: matching(message) })),
      ...(owed.warned ? [{ level: 'WARN', message: owed.warned }] : []),
    ];
    await expect.poll(() => told().length).toBe(lines.length);
    expect(told()).toMatchObject(lines.map((line) => ({ ...line, id: requestId })));
    expect(target.plainLines()).toEqual(plainLinesBefore);
  });
};
