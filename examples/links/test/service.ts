import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import type { Service } from '@edge-ping/serve-testing/service';
import { wranglerEnv } from '@edge-ping/serve-testing/worker';
import { expect, test } from 'vitest';
import { ADMIN_TOKEN, contract, healthCase } from './contract.ts';
import { addLink, clicksOf, openLive } from './links.ts';

/** The service under test, on every target. */
export const service: Service = {
  contract,
  healthCase,
  app: () => import('../src/app.ts'),
  env: { ADMIN_TOKEN },
  state: {
    node: (folder) => ({ DATABASE: join(folder, 'links.db') }),
    async workers(folder) {
      const command = 'wrangler d1 migrations apply DB --local --persist-to';
      const { ended, stdout, stderr } = run([...command.split(' '), folder], { env: wranglerEnv });
      expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
    },
    container: ['--tmpfs', '/data:uid=65532,gid=65532'],
  },
  tests(url) {
    test('a click is counted, and seen by who watches', async () => {
      const slug = await addLink(url(), {});
      const live = await openLive(url(), slug);
      for (const count of [1, 2]) {
        expect((await send(url(), { path: `/${slug}` })).status).toBe(302);
        await expect.poll(live.ids).toHaveLength(count);
      }
      live.leave();
      expect(await clicksOf(url(), slug)).toBe(2);
    });

    test('who watches again gets the clicks since the last one that was seen', async () => {
      const slug = await addLink(url(), {});
      for (let count = 0; count < 3; count += 1) await send(url(), { path: `/${slug}` });
      await expect.poll(() => clicksOf(url(), slug)).toBe(3);
      const first = await openLive(url(), slug);
      await expect.poll(first.ids).toHaveLength(3);
      first.leave();
      const [seen, ...missed] = first.ids();
      const next = await openLive(url(), slug, seen);
      await expect.poll(next.ids).toEqual(missed);
      next.leave();
    });

    test('a link that has expired is not found', async () => {
      const slug = await addLink(url(), { expiresIn: 1 });
      await expect.poll(async () => (await send(url(), { path: `/${slug}` })).status).toBe(404);
    });
  },
};
