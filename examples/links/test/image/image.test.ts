import {
  callEngine,
  removeTestArtefacts,
  startContainer,
  testImage,
} from '@edge-ping/serve-testing/engine';
import { imageTests } from '@edge-ping/serve-testing/image';
import { hardened } from '@edge-ping/serve-testing/service';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clickUntilStopped } from '../clicks.ts';
import { ADMIN_TOKEN } from '../contract.ts';
import { addLink, clicksOf, openLive } from '../links.ts';
import { service } from '../service.ts';

const image = `${testImage}:links`;
const volume = `${testImage}-links`;

const start = () =>
  startContainer(image, [
    ...hardened,
    ...['--memory', '128m', '--volume', `${volume}:/data`, '--env', `ADMIN_TOKEN=${ADMIN_TOKEN}`],
  ]);

let container: Awaited<ReturnType<typeof startContainer>>;
beforeAll(async () => {
  await callEngine('build', '--tag', image, '.');
  container = await start();
});
afterAll(async () => {
  await container.stop();
  await removeTestArtefacts();
  await callEngine('volume', 'rm', volume);
});

imageTests(service, ['Dockerfile']);

test('a stop under load ends the streams, and what was clicked is in the volume', async () => {
  const slug = await addLink(container.url, {});
  const live = await openLive(container.url, slug);
  const found = await clickUntilStopped(container.url, slug, () => container.stop());
  expect(await container.ended).toBe(0);
  expect(await live.ended).toBe(true);
  expect(container.errors()).not.toContainEqual(expect.objectContaining({ level: 'ERROR' }));
  container = await start();
  expect(await clicksOf(container.url, slug)).toBe(found);
});
