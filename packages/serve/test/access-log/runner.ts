import { type Received, send } from '@edge-ping/serve-testing/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessRecord } from '../../src/log/access-record.ts';

/** A target whose access log is tested. */
export interface RecordTarget {
  url: string;
  records(): AccessRecord[];
  stop(): Promise<unknown>;
}

const health = { path: '/health', status: 200, bytes_in: 0 };

/** The fields of Echo's Logger, in its order, and their types. */
const fields = {
  time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
  id: expect.any(String),
  remote_ip: '127.0.0.1',
  host: expect.any(String),
  method: expect.any(String),
  uri: expect.any(String),
  user_agent: expect.any(String),
  status: expect.any(Number),
  error: expect.any(String),
  latency: expect.toSatisfy((value) => Number.isSafeInteger(value) && value >= 0),
  latency_human: expect.stringMatching(/^(0s|[\d.]+(ns|µs|ms|s))$/),
  bytes_in: expect.any(Number),
  bytes_out: expect.any(Number),
};

/**
 * Declares the tests of the records.
 * @param counted what the target counts of so many bytes that it sends
 */
export const recordTests = (
  start: () => Promise<RecordTarget>,
  counted: (bytes: number) => number | null,
): void => {
  let target: RecordTarget;
  let responses = 0;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  /** Sends a request and gives its record: there is one for each response, in order. */
  const logged = async (sent: Parameters<typeof send>[1]): Promise<[Received, unknown]> => {
    const received = await send(target.url, sent);
    responses += 1;
    await expect.poll(() => target.records().length).toBe(responses);
    return [received, target.records().at(-1)];
  };

  test('a request has a record with these fields, in this order', async () => {
    const [, record] = await logged({ path: '/health?a=%20b' });
    expect(record).toEqual({
      ...fields,
      id: '',
      host: new URL(target.url).host,
      method: 'GET',
      uri: '/health?a=%20b',
      user_agent: '',
      status: 200,
      error: '',
      bytes_in: 0,
      bytes_out: counted(15),
    });
    expect(Object.keys(record ?? {})).toEqual(Object.keys(fields));
  });

  test.each([
    { ...health, method: 'GET', bytes_out: 15 },
    { ...health, method: 'HEAD', bytes_out: 0 },
    { method: 'POST', path: '/', requestBody: 'a=1', status: 404, bytes_in: 3, bytes_out: 23 },
  ])(
    'the record of $method $path counts the bodies',
    async ({ status, bytes_in, bytes_out, ...sent }) => {
      const [received, record] = await logged({
        ...sent,
        headers: sent.requestBody ? { 'Content-Length': '3' } : {},
      });
      expect(received.body).toHaveLength(bytes_out);
      expect(record).toMatchObject({ status, bytes_in, bytes_out: counted(bytes_out) });
    },
  );

  test.each([
    ['X-Request-Id', 'id', 'a.b:c-1'],
    ['User-Agent', 'user_agent', 'caf\xc3\xa9 \xf0\x9f\x98\x80', 'café 😀'],
    ['User-Agent', 'user_agent', '\xff', '\ufffd'],
    ['User-Agent', 'user_agent', '"},{"status":200,"a\\u000a":"', '"},{"status":200,"a\\u000a":"'],
  ])('%s becomes %s: %j', async (name, field, sent, expected = sent) => {
    const [, record] = await logged({ path: '/', headers: { [name]: sent } });
    expect(record).toMatchObject({ [field]: expected });
  });

  test('a target with what would end a line is one line, as sent', async () => {
    const [, record] = await logged({ path: '/%0a%1b[31m' });
    expect(record).toMatchObject({ uri: '/%0a%1b[31m', status: 404 });
  });

  test('long values are cut', async () => {
    const [, record] = await logged({
      path: `/${'p'.repeat(3_000)}`,
      headers: { 'X-Request-Id': 'i'.repeat(3_000), 'User-Agent': 'u'.repeat(3_000) },
    });
    expect(record).toMatchObject({
      uri: `/${'p'.repeat(1_023)}`,
      id: 'i'.repeat(128),
      user_agent: 'u'.repeat(1_024),
    });
  });

  test('forged addresses change nothing', async () => {
    const forged = '203.0.113.9';
    const [, record] = await logged({
      path: '/',
      headers: { 'X-Forwarded-For': forged, 'X-Real-IP': forged, Forwarded: `for=${forged}` },
    });
    expect(record).toMatchObject({ remote_ip: '127.0.0.1' });
  });
};
