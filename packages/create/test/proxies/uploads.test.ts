import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { send } from '@edge-ping/serve-testing/client';
import { startServer } from '@edge-ping/serve-testing/process';
import { expect, onTestFinished, test } from 'vitest';
import { fixture } from '../../../serve/test/support/targets.ts';
import { candidates, startBefore } from './candidates.ts';

const path = '/read-limited'; // behind bodyLimit(), of 1 MiB

/** Sends a body on a connection of its own; resolves to the status, or why there was none. */
const upload = (url: string, bytes: number): Promise<number | string> =>
  new Promise((resolve) => {
    const agent = new Agent();
    const outgoing = request(`${url}${path}`, { method: 'POST', agent }, async (response) => {
      await text(response).catch(() => {});
      resolve(response.statusCode ?? 0);
      agent.destroy();
    }).on('error', ({ message }) => resolve(message));
    outgoing.end(`"${'x'.repeat(bytes - 2)}"`);
  });

// A proxy keeps its connections to the server: one on which the rest of a body is not read must not be used again.
test.each(candidates)(
  'behind $name, a body that is too large spoils no request of others',
  async (candidate) => {
    const server = await startServer(fixture);
    const proxy = await startBefore(candidate, server);
    onTestFinished(async () => {
      await proxy.stop();
      await server.stop();
    });
    for (const bytes of [1_048_600, 1_200_000, 20_000_000])
      for (let round = 0; round < 10; round += 1) {
        const large = upload(proxy.url, bytes);
        if (round % 2 > 0) await large;
        const posted = await send(proxy.url, { method: 'POST', path, requestBody: '"x"' });
        expect([posted.status, posted.body]).toEqual([200, 'read']);
        expect((await send(proxy.url, { path: '/health' })).status).toBe(200);
        await large;
      }
    const statuses = await Promise.all(
      [1_200_000, 1_200_000].map((bytes) => upload(proxy.url, bytes)),
    );
    expect(statuses).toEqual([413, 413]);
  },
);
