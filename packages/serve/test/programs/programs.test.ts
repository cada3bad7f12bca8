import { get as httpGet, type IncomingMessage } from 'node:http';
import { type Sent, send } from '@edge-ping/serve-testing/client';
import type { ServerProcess } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { programs } from './cases.ts';
import { start } from './start.ts';

// What differs on purpose: the library keeps connections in its own way, and says `nosniff`.
const IGNORED = ['date', 'connection', 'keep-alive', 'x-content-type-options'];
// It says to HEAD what it says to GET, and no length in a 204, where RFC 9110 §8.6 forbids it.
const IGNORED_WITHOUT_BODY = [...IGNORED, 'content-length', 'content-type', 'transfer-encoding'];

/** Sends a request; resolves to what a client sees of the response. */
const ask = async ({ url }: ServerProcess, sent: Sent) => {
  const { status, headers, body } = await send(url, {
    ...sent,
    headers: { Host: 'example.com', ...sent.headers },
  });
  const ignored = sent.method === 'HEAD' || status === 204 ? IGNORED_WITHOUT_BODY : IGNORED;
  const fields = Object.entries(headers).filter(([name]) => !ignored.includes(name));
  return { request: `${sent.method ?? 'GET'} ${sent.path}`, status, fields: fields.sort(), body };
};

const askAll = async (server: ServerProcess, requests: Sent[]) => {
  const responses = [];
  for (const request of requests) responses.push(await ask(server, request));
  return responses;
};

describe.each(programs)(
  '$name',
  ({ name, requests, streams = [], errors = [], prints = [], hasOwnLog }) => {
    test('the responses are those of node-server, each has its record, and the program ends well', async () => {
      const [before, after] = await Promise.all([
        start(name, 'node-server'),
        start(name, 'library'),
      ]);
      const expected = await askAll(before, requests);
      await before.stop();
      expect(await askAll(after, requests)).toEqual(expected);
      expect(await after.stop()).toBe(0);
      const lines = (server: ServerProcess): object[] =>
        server.stdout.map((line) => JSON.parse(line)).filter((line) => !('latency' in line));
      expect(lines(before)).toMatchObject(prints);
      expect(lines(after)).toMatchObject(prints);
      const records = after.records().filter((record) => 'latency' in record);
      expect(
        records.map(({ method, uri, status }) => ({ request: `${method} ${uri}`, status })),
      ).toEqual(hasOwnLog ? [] : expected.map(({ request, status }) => ({ request, status })));
      expect(after.errors()).toEqual(errors.map((line) => expect.objectContaining(line)));
    });

    test.each(streams)(
      'a stream of events from $request.path is ended by the shutdown as complete',
      async ({ request, begins }) => {
        const [before, after] = await Promise.all([
          start(name, 'node-server'),
          start(name, 'library'),
        ]);
        const begin = async (server: ServerProcess) => {
          await askAll(server, requests);
          const headers = { Host: 'example.com', ...request.headers };
          const response = await new Promise<IncomingMessage>((resolve, reject) => {
            httpGet(`${server.url}${request.path}`, { headers, agent: false }, resolve).on(
              'error',
              reject,
            );
          });
          let text = '';
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk;
          });
          const ended = new Promise((resolve) =>
            response.on('close', () => resolve(response.complete)),
          );
          await expect.poll(() => text.startsWith(begins)).toBe(true);
          const { statusCode } = response;
          return { ended, seen: { statusCode, type: response.headers['content-type'] } };
        };
        const [one, other] = await Promise.all([begin(before), begin(after)]);
        expect(other.seen).toEqual(one.seen);
        await before.stop();
        expect(await after.stop()).toBe(0);
        expect(await other.ended).toBe(true);
        expect(after.records().at(-1)).toMatchObject({ uri: request.path, status: 200, error: '' });
      },
    );
  },
);
