import { describe, expect, test } from 'vitest';
import { clientAddress } from '../src/node/request.ts';
import { readSettings } from '../src/node/serve.ts';

describe('PORT', () => {
  test.each([
    [undefined, 8080],
    ['', 8080],
    ['0', 0],
    ['80', 80],
    ['65535', 65_535],
  ])('%j is %d', (PORT, port) => {
    expect(readSettings({ PORT }).port).toBe(port);
  });

  test.each([
    ...['abc', '8080abc', '0x1F90', '1e3', ' 8080', '8080 ', '8080\n', '-1', '+1', '80.5'],
    ...['65536', '99999999999', 'NaN', 'Infinity', '٣', ' '],
  ])('%j is none', (PORT) => {
    expect(() => readSettings({ PORT })).toThrow(
      `PORT=${JSON.stringify(PORT)}: must be an integer from 0 to 65535`,
    );
  });
});

describe('TRUST_PROXY', () => {
  test.each([
    [undefined, 0],
    ['', 0],
    ['0', 0],
    ['2', 2],
  ])('%j is %d', (TRUST_PROXY, trustProxy) => {
    expect(readSettings({ TRUST_PROXY }).trustProxy).toBe(trustProxy);
  });

  test.each(['abc', '-1', '1.5', '101', 'true'])('%j is none', (TRUST_PROXY) => {
    expect(() => readSettings({ TRUST_PROXY })).toThrow(
      `TRUST_PROXY=${JSON.stringify(TRUST_PROXY)}: must be an integer from 0 to 100`,
    );
  });

  test.each([
    [1, '198.51.100.7', '198.51.100.7'],
    [1, '203.0.113.9, 198.51.100.7', '198.51.100.7'],
    [2, '203.0.113.9,198.51.100.7 , 192.0.2.1', '198.51.100.7'],
    [1, '2001:db8::1', '2001:db8::1'],
    [1, '::ffff:198.51.100.7', '198.51.100.7'],
    [2, '198.51.100.7', '198.51.100.7'],
    [1, 'unknown', '127.0.0.1'],
    [1, '198.51.100.7:4711', '198.51.100.7'],
    [1, '[2001:db8::1]:443', '2001:db8::1'],
    [1, '[2001:db8::1]', '2001:db8::1'],
    [1, '2001:db8::1:443', '2001:db8::1:443'],
    [1, '198.51.100.7:', '127.0.0.1'],
    [1, 'fe80::1%eth0', '127.0.0.1'],
    [1, `fe80::1%${'A'.repeat(5_000)}`, '127.0.0.1'],
    [1, 'fe80::1', 'fe80::1'],
    [1, '', '127.0.0.1'],
    [2, ',', '127.0.0.1'],
  ])('%d: the client of X-Forwarded-For: %s is %s', (trustProxy, forwardedFor, expected) => {
    expect(clientAddress('127.0.0.1', forwardedFor, trustProxy)).toBe(expected);
  });
});
