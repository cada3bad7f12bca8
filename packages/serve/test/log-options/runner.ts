import type { Sent } from '@edge-ping/serve-testing/client';
import { beforeAll, expect, test, vi } from 'vitest';
import { cases, type Owed } from './cases.ts';

/** A target that serves an app for each way of apps.ts. */
export interface WayTarget {
  /** Sends a request to the app of a way. */
  send(way: string, sent: Sent): Promise<unknown>;
  records(): object[];
  errors(): object[];
  stop(): Promise<unknown>;
}

const has = (name: string, value: unknown) => (record: object) =>
  Reflect.get(record, name) === value;

/** Declares a test for each way to direct the logs. */
export const logOptionTests = (
  start: () => Promise<WayTarget>,
  owedTo: Record<string, Owed> = cases,
): void => {
  let target: WayTarget;
  beforeAll(async () => {
    target = await start();
    for (const way of Object.keys(owedTo))
      for (const path of ['/', '/health', '/throw', '/log'])
        await target.send(way, { path, headers: { 'X-App': way, 'X-Request-Id': way } });
    const headers = { 'X-App': 'no option', 'X-Request-Id': 'last' };
    await target.send('no option', { path: '/throw', headers });
    for (const logged of [target.records, target.errors])
      await vi.waitUntil(() => logged().some(has('id', 'last')), { timeout: 20_000 });
    await target.stop();
  });

  test.each(Object.entries(owedTo))('%s', (way, { records, errors, losses = [] }) => {
    expect(target.records().filter(has('id', way))).toMatchObject(records);
    expect(target.errors().filter(has('id', way))).toMatchObject(errors);
    const isOfWay = (record: object) => Object(Reflect.get(record, 'cause')).message === way;
    expect(target.errors().filter(isOfWay)).toMatchObject(
      losses.map((message) => ({ level: 'WARN', message })),
    );
  });
};
