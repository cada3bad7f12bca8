import { join } from 'node:path';
import {
  callEngine,
  removeTestArtefacts,
  startContainer,
  testImage,
} from '@edge-ping/serve-testing/engine';
import { beforeAll, expect, test } from 'vitest';
import { attacks } from '../attacks/attacks.ts';
import { withstand } from '../attacks/withstand.ts';
import { attackedFolder } from '../support/bundles.ts';

const image = `${testImage}:attacked`;

beforeAll(async () => {
  const file = join(import.meta.dirname, 'Dockerfile');
  await callEngine('build', '--file', file, '--tag', image, await attackedFolder());
  return removeTestArtefacts;
}, 600_000);

test.each([
  ...attacks.map(({ name }) => [128, name] as const),
  ...attacks.filter(({ isFast }) => isFast).map(({ name }) => [512, name] as const),
])(
  'a server with %i MB serves others under attack, and cuts none that behave: %s',
  async (megabytes, name) => {
    const flags = ['--memory', `${megabytes}m`, '--memory-swap', `${megabytes}m`];
    const peak = await withstand(await startContainer(image, flags), name, 3);
    expect(peak).toBeGreaterThan(0);
    console.log(`${peak} MB at most: ${name}`);
  },
  90_000,
);
