import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import manifest from '../../../package.json' with { type: 'json' };

test('deploy/kustomization.yaml sets the image and the number of pods, and changes nothing else', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'edge-ping-kustomize-'));
  await cp('deploy', directory, { recursive: true });
  const file = join(directory, 'kustomization.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text
      .replace(/newName: \S+/, 'newName: ghcr.io/a/b')
      .replace('minReplicas: 2', 'minReplicas: 3'),
  );
  const { ended, stdout, stderr } = run(['kubectl', 'kustomize', directory]);
  expect(await ended, stderr.join('\n')).toBe(0);
  await rm(directory, { recursive: true });

  const objects = (yaml: string) =>
    new Map(parseAllDocuments(yaml).map((document) => [document.get('kind'), document.toJSON()]));
  const expected = (await readFile('deploy/kubernetes.yaml', 'utf8'))
    .replace('ghcr.io/OWNER/REPOSITORY:', 'ghcr.io/a/b:')
    .replace('minReplicas: 2', 'minReplicas: 3');
  expect(expected).toContain(`ghcr.io/a/b:${manifest.version}`);
  expect(expected).toContain('minReplicas: 3');
  expect(objects(stdout.join('\n'))).toEqual(objects(expected));
});
