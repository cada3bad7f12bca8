import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AppCase, anyApp } from '../any-app/cases.ts';
import type { AppTarget, FixtureEnv } from '../any-app/runner.ts';
import { sample } from '../support/sample.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { methodCases } from './cases.ts';

/** The paths whose GET ends by itself, and with the same header fields each time. */
const pathsOf = (cases: readonly AppCase[]): string[] => {
  const same = cases.filter(
    ({ method, requestHeaders, id, status, onWorkers, onLambda, headers }) =>
      method === undefined &&
      requestHeaders === undefined &&
      id === undefined &&
      ![status, onWorkers?.status, onLambda?.status].includes('cut') &&
      !/boundary/.test(String(headers?.['content-type'])),
  );
  return [...new Set(same.map(({ path }) => path))];
};

/** The routes that don't. */
export const endless = [
  '/head/endless',
  '/head/endless-async',
  '/head/endless-plain',
  '/head/endless-behind-middleware',
  '/head/silent',
  '/head/silent-after-one',
  '/head/silent-after-ten',
  '/head/endless-copied',
  '/head/silent-copied',
  '/head/silent-after-one-copied',
  '/head/events',
  '/head/mounted/endless',
];

const recordsOf = (target: AppTarget, path: string) =>
  target.records().filter(({ uri }) => uri === path);

/** Declares a test for each case of what sees the method. */
export const methodTests = (start: (env: FixtureEnv) => Promise<AppTarget>): void => {
  let target: AppTarget;
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream();
    target = await start({ FIXTURE: '', UPSTREAM: upstream.url });
  });
  afterAll(async () => {
    await target.stop();
    upstream.stop();
  });

  test.each(methodCases)('$path sees HEAD $sent', async ({ path, get, head, sent }) => {
    const before = recordsOf(target, path).length;
    expect(await target.send({ path })).toMatchObject(get);
    expect(await target.send({ method: 'HEAD', path, ...sent })).toMatchObject({
      status: head.status,
      headers: { ...head.headers, 'x-content-type-options': 'nosniff' },
      body: '',
    });
    await expect
      .poll(() => recordsOf(target, path).slice(before))
      .toMatchObject([
        { method: 'GET', status: get.status },
        { method: 'HEAD', status: head.status, bytes_out: 0 },
      ]);
  });
};

/**
 * Declares the tests of HEAD.
 * @param ofGet what the header fields of a HEAD have in common with those of a GET
 */
export const headTests = (
  start: (env: FixtureEnv) => Promise<AppTarget>,
  ofGet: (headers: Record<string, string>) => Record<string, string>,
  cases = anyApp,
): void => {
  let target: AppTarget;
  let upstream: Upstream;
  let endlessUpstream: Server;
  beforeAll(async () => {
    upstream = await startUpstream();
    endlessUpstream = createServer(({ url }, response) => {
      if (url === '/silent') return response.flushHeaders();
      const timer = setInterval(() => response.write('more\n'), 1);
      response.on('close', () => clearInterval(timer));
    }).listen(0, '127.0.0.1');
    await once(endlessUpstream, 'listening');
    target = await start({ FIXTURE: '', UPSTREAM: upstream.url });
  });
  afterAll(async () => {
    await target.stop();
    upstream.stop();
    endlessUpstream.closeAllConnections();
    endlessUpstream.close();
  });

  const records = (path: string) => recordsOf(target, path);

  test.each([...sample(pathsOf(cases), 40), '/nothing-here'])(
    'HEAD %s is GET without its body',
    async (path) => {
      const before = records(path).length;
      const get = await target.send({ path });
      const head = await target.send({ method: 'HEAD', path });
      expect(head).toEqual({ status: get.status, headers: expect.anything(), body: '' });
      expect(ofGet(head.headers)).toEqual(ofGet(get.headers));
      await expect.poll(() => records(path)).toHaveLength(before + 2);
      const [ofTheGet, ofTheHead] = records(path).slice(before);
      expect(ofTheHead).toMatchObject({
        method: 'HEAD',
        status: ofTheGet?.status,
        error: ofTheGet?.error,
        bytes_out: 0,
      });
    },
  );

  test.each(endless)('five HEADs of %s leave no source alive', async (path) => {
    const before = records(path).length;
    for (let count = 0; count < 5; count += 1)
      expect(await target.send({ method: 'HEAD', path })).toMatchObject({ status: 200, body: '' });
    await expect.poll(async () => (await target.send({ path: '/alive' })).body).toBe('0');
    await expect
      .poll(() => records(path).slice(before))
      .toEqual(
        Array(5).fill(
          expect.objectContaining({ method: 'HEAD', status: 200, error: '', bytes_out: 0 }),
        ),
      );
  });

  test.each(['/endless', '/silent'])(
    'five HEADs of %s from upstream leave none of its responses open',
    async (url) => {
      const { port } = endlessUpstream.address() as AddressInfo;
      const path = `/head/upstream?url=http://127.0.0.1:${port}${url}`;
      for (let count = 0; count < 5; count += 1)
        expect(await target.send({ method: 'HEAD', path })).toMatchObject({
          status: 200,
          body: '',
        });
      const connections = () =>
        new Promise((resolve) => endlessUpstream.getConnections((_, count) => resolve(count)));
      await expect.poll(connections).toBe(0);
    },
  );
};
