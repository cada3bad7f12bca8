import { startServer } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, onTestFinished, test } from 'vitest';
import { type MemoryGroup, makeMemoryGroup } from '../support/memory-group.ts';
import { attackedBundle } from '../support/targets.ts';
import { attacks } from './attacks.ts';
import { withstand } from './withstand.ts';

let group: MemoryGroup | undefined;
beforeAll(() => {
  group = makeMemoryGroup(128);
});
afterAll(() => group?.remove());

const command = ['node', '--max-old-space-size=64', attackedBundle];

test.for(attacks.filter(({ isFast }) => isFast))(
  'a server with 128 MB serves others under attack: $name',
  async ({ name }, { skip }) => {
    if (!group) return skip('left out: a control group takes root, and no container around it');
    const server = await startServer(group.inside(command));
    onTestFinished(() => {
      server.child.kill('SIGKILL'); // one that fails would take the memory of the next
    });
    await withstand(server, name, 1);
  },
);
