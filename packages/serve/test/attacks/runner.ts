import { join } from 'node:path';
import { startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';
import { attackedFolder } from '../support/bundles.ts';
import { type MemoryGroup, makeMemoryGroup } from '../support/memory-group.ts';
import type { Attack } from './attacks.ts';
import { withstand } from './withstand.ts';

/** Declares a test for each attack that is fast, against a server in a control group. */
export const attackTests = (attacks: readonly Attack[]): void => {
  let group: MemoryGroup | undefined;
  beforeAll(() => {
    group = makeMemoryGroup(128);
  });
  afterAll(() => group?.remove());

  test.for(attacks.filter(({ isFast }) => isFast))(
    'a server with 128 MB serves others under attack: $name',
    async ({ name }, { skip }) => {
      if (!group) return skip('left out: a control group takes root, and no container around it');
      const file = join(await attackedFolder(), 'server.js');
      const server = await startServer(group.inside(['node', '--max-old-space-size=64', file]));
      onTestFinished(() => {
        server.child.kill('SIGKILL'); // one that fails would take the memory of the next
      });
      await withstand(server, name, 1);
    },
  );
};
