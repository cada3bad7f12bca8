import { send } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/log/access-record.ts';
import type { ErrorRecord } from '../../src/log/error-record.ts';
import { health } from '../support/targets.ts';
import { handshake, type RefusalCase, refusalCases, socketCases } from './cases.ts';
import { openSocket } from './client.ts';

/** A target that serves the routes of routes.ts. */
export interface SocketTarget {
  url: string;
  records(): AccessRecord[];
  errors(): ErrorRecord[];
  stop(): Promise<unknown>;
}

const matching = (value: unknown) =>
  value instanceof RegExp ? expect.stringMatching(value) : value;

/** Declares a test for each WebSocket and each refusal of the table. */
export const socketTests = (
  start: () => Promise<SocketTarget>,
  furtherRefusals: readonly RefusalCase[] = [],
  cases = socketCases,
): void => {
  let target: SocketTarget;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  /** What is logged from now on. */
  const logs = () => {
    const recordsOfTests = () => target.records().filter(({ uri }) => uri !== health.path);
    const [recordsBefore, errorsBefore] = [recordsOfTests().length, target.errors().length];
    return {
      records: () => recordsOfTests().slice(recordsBefore),
      errors: () => target.errors().slice(errorsBefore),
    };
  };
  const expectErrors = async (errors: () => ErrorRecord[], told: unknown, path: string) => {
    const line = { level: 'ERROR', id: 'r1', method: 'GET', uri: path, message: matching(told) };
    await expect.poll(errors).toEqual(told === undefined ? [] : [expect.objectContaining(line)]);
    expect(await send(target.url, health)).toMatchObject({ status: 200, body: health.body });
  };

  test.each(cases)('$path $name', async ({ path, ...owed }) => {
    const { records, errors } = logs();
    const { received = [], fields = {}, error = '', record, told } = owed;
    const hasOwnId = fields['x-request-id'] !== undefined;
    const headers = { ...(hasOwnId ? {} : { 'X-Request-Id': 'r1' }), ...owed.headers };
    const client = await openSocket(`${target.url}${path}`, owed.protocols, { headers });
    expect(client.headers['x-content-type-options']).toBe('nosniff');
    for (const [name, value] of Object.entries(fields))
      if (value === null) expect(client.headers).not.toHaveProperty([name]);
      else expect(String(client.headers[name])).toEqual(matching(value));
    for (const message of owed.send ?? []) client.ws.send(message);
    await client.messages(received.length);
    if (owed.close) client.ws.close(...owed.close);
    expect(await client.closed).toEqual(owed.closed);
    expect(client.received).toEqual(received);
    const id = hasOwnId ? client.headers['x-request-id'] : 'r1';
    await expect.poll(records).toEqual([
      expect.objectContaining({
        id,
        method: 'GET',
        uri: path,
        status: 101,
        ...record,
        error: matching(error),
      }),
    ]);
    await expectErrors(errors, told, path);
  });

  test.each([...refusalCases, ...furtherRefusals])(
    'refused: $name',
    async ({ path = '/ws/echo', method = 'GET', headers = handshake, status, error, told }) => {
      const { records, errors } = logs();
      const response = await send(target.url, {
        method,
        path,
        headers: { 'X-Request-Id': 'r1', ...headers },
      });
      expect(response.status).toBe(status);
      if (status === 426) expect(response.headers['sec-websocket-version']).toBe('13');
      await expect
        .poll(records)
        .toEqual([
          expect.objectContaining({ id: 'r1', method, uri: path, status, error: matching(error) }),
        ]);
      await expectErrors(errors, told, path);
    },
  );
};
