import { once } from 'node:events';
import { connect } from 'node:net';
import { send } from '@edge-ping/serve-testing/client';
import { startServer } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { cutResponse } from './support/raw.ts';
import { fixture } from './support/targets.ts';
import { wire } from './wire/cases.ts';

const SEED = 20_261_124;
const REQUESTS = 2_500;
const AT_ONCE = 50;

/** Mulberry32: numbers from 0 to 1, the same for the same seed. */
const random = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const next = random(SEED);
const below = (limit: number) => Math.floor(next() * limit);

// No HEAD: without knowing it, nobody can tell where its response ends.
const seeds = wire.map(({ bytes }) => bytes).filter((bytes) => bytes && !/HEAD/.test(bytes));
const fragments = ['\r\n', '\r\n\r\n', ':', ' ', '\0', '\xff', '%', '/', '..', 'Host: h\r\n',
  'Content-Length: 5\r\n', 'Transfer-Encoding: chunked\r\n', 'Connection: close\r\n',
  'Expect: 100-continue\r\n', 'GET / HTTP/1.1\r\n', 'HTTP/1.0', '99999999999', '-1']; // biome-ignore format: a list

/** A request that has been cut, repeated, overwritten or mixed at random. */
const mutated = (): string => {
  let bytes = seeds[below(seeds.length)] ?? '';
  for (let count = below(4); count >= 0; count -= 1) {
    const at = below(bytes.length + 1);
    const [before, after] = [bytes.slice(0, at), bytes.slice(at)];
    bytes =
      [
        () => before + String.fromCharCode(below(256)) + after.slice(1),
        () => before + after.slice(below(20)),
        () => before + (fragments[below(fragments.length)] ?? '') + after,
        () => bytes + (seeds[below(seeds.length)] ?? ''),
        () => before,
        () => before + before.slice(-below(50)) + after,
      ][below(6)]?.() ?? bytes;
  }
  return bytes;
};

/** Sends bytes and half-closes; gives all that comes back. */
const exchange = async (port: number, bytes: string): Promise<string> => {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk;
  });
  const closed = once(socket, 'close');
  socket.on('error', () => {});
  socket.end(bytes, 'latin1');
  await closed;
  return text;
};

test(`${REQUESTS} mutated requests end in well-formed responses, each with its record`, async () => {
  const server = await startServer(fixture);
  const statuses: number[] = [];
  for (let sent = 0; sent < REQUESTS; sent += AT_ONCE) {
    const requests = Array.from({ length: AT_ONCE }, mutated);
    const texts = await Promise.all(requests.map((bytes) => exchange(server.port, bytes)));
    for (const [index, text] of texts.entries()) {
      let rest = text;
      while (rest) {
        const cut = cutResponse(rest, false);
        if (typeof cut === 'number')
          throw new Error(`${JSON.stringify(requests[index])} ended in ${JSON.stringify(rest)}`);
        rest = cut[1];
        if (cut[0].status >= 200) statuses.push(cut[0].status);
      }
    }
    expect((await send(server.url, { path: '/health' })).body).toBe('{"Status":"OK"}');
    statuses.push(200);
  }
  expect(await server.stop()).toBe(0);
  expect(server.stderr).toHaveLength(1);
  const logged = server.records().map(({ status }) => status);
  const answered = logged.filter((status) => status !== 499);
  expect(answered.toSorted()).toEqual(statuses.toSorted());
  expect(new Set(statuses)).toEqual(new Set([200, 400, 404, 431, 501, 505]));
});
