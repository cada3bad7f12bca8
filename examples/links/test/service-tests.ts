import { nameOf, tryCase } from '@edge-ping/serve-testing/cases';
import { send } from '@edge-ping/serve-testing/client';
import { expect, test } from 'vitest';
import { contract } from './contract.ts';

/** Adds a link to a service, and returns its slug. */
export const addLink = async (url: string, link: object): Promise<string> => {
  const response = await send(url, {
    method: 'POST',
    path: '/links',
    headers: { 'Content-Type': 'application/json' },
    requestBody: JSON.stringify({ url: 'https://example.com/', ...link }),
  });
  expect(response.status, response.body).toBe(201);
  return JSON.parse(response.body).slug;
};

/** How often a link was clicked, by its statistics. */
export const clicksOf = async (url: string, slug: string): Promise<number> =>
  JSON.parse((await send(url, { path: `/links/${slug}/stats` })).body).clicks;

/** Opens the stream of a link's clicks, and collects their ids. */
export const openLive = async (url: string, slug: string, lastEventId = '') => {
  const leaving = new AbortController();
  const response = await fetch(`${url}/links/${slug}/live`, {
    headers: { 'Last-Event-ID': lastEventId },
    signal: leaving.signal,
  });
  let text = '';
  const read = async () => {
    const { body } = response;
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  };
  return {
    ids: () => text.match(/(?<=^id: )\d+$/gm) ?? [],
    /** Resolves with whether the stream is complete. */
    ended: read().then(
      () => true,
      () => false,
    ),
    leave: () => leaving.abort(),
  };
};

/** Declares the tests that every target passes. */
export const serviceTests = (url: () => string): void => {
  for (const expected of contract)
    test(`${nameOf(expected)} is ${expected.status}`, async () => {
      expect(await tryCase(expected, (sent) => send(url(), sent))).toEqual([]);
    });

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
};
