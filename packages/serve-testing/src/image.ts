import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  callEngine,
  engine,
  inspectImage,
  removeTestArtefacts,
  startContainer,
  testImage,
  tryEngine,
} from './engine.ts';
import { readManifest } from './manifest.ts';
import { containerFlags, type Service } from './service.ts';
import { serviceTests } from './targets.ts';

const BUILD_TIMEOUT = 1_200_000; // on a busy machine, with all that it downloads

/** Declares the tests of the image of each Dockerfile: it is built, and runs hardened, with 128 MB of memory. */
export const imageTests = (
  service: Service,
  dockerfiles: readonly string[] = ['Dockerfile', 'Dockerfile.multistage'],
): void => {
  afterAll(removeTestArtefacts, BUILD_TIMEOUT);

  describe.each(dockerfiles)('the image of %s', (file) => {
    const image = `${testImage}:${file.toLowerCase()}`;
    let container: Awaited<ReturnType<typeof startContainer>>;
    beforeAll(async () => {
      const { code, stdout, stderr } = await tryEngine(
        'build',
        '--file',
        file,
        '--tag',
        image,
        '.',
      );
      expect(code, [...stdout, ...stderr].join('\n')).toBe(0);
      container = await startContainer(image, ['--memory', '128m', ...containerFlags(service)]);
    }, BUILD_TIMEOUT);

    serviceTests(service, () => container.url);

    test('says on stderr where it listens, and its version', () => {
      const { name, version } = readManifest();
      expect(container.stderr).toContain(`${name} ${version} listens on http://localhost:8080`);
    });

    if (/^HEALTHCHECK /m.test(readFileSync(file, 'utf8')))
      test('its health check passes', async () => {
        const [, ...command] = Object(await inspectImage(image, '.Config.Healthcheck.Test'));
        await callEngine('exec', container.name, ...command);
      });

    test(`${engine} stop ends it with exit code 0`, async () => {
      await callEngine('stop', container.name);
      expect(await container.ended).toBe(0);
    });
  });
};
