import { send } from '@edge-ping/serve-testing/client';
import { expect } from 'vitest';

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
