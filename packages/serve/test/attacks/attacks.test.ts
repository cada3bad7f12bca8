import { startServer } from '@edge-ping/serve-testing/process';
import { afterAll, describe, expect, test } from 'vitest';
import { makeMemoryGroup } from '../support/memory-group.ts';
import { attackedBundle } from '../support/targets.ts';
import { attacks } from './attacks.ts';
import { withstand } from './withstand.ts';

// A few of the attacks of attacks.ts, one or two against each limit; test:image runs all of them.
const fast = [
  '1,900 headers of as many fields as are allowed, each for a handler that takes its time',
  '400 clients that read nothing of 1 MB',
  '20 times 100 pipelined GETs of 1 MB',
  '20 endless bodies in chunks of a byte that no handler reads',
  '100 clients that read nothing of messages of 1 MB',
  '20 WebSockets that are pinged without end, and whose pongs are not read',
  'a WebSocket whose callbacks never end',
  '100 messages of 1 MB that are never complete',
];

const group = makeMemoryGroup(128);
afterAll(() => group?.remove());

const command = ['node', '--max-old-space-size=64', attackedBundle];

describe.skipIf(group === undefined)('with 128 MB of memory', () => {
  test.each(fast)(
    'a server serves others under attack: %s',
    async (name) => {
      expect(attacks.map((attack) => attack.name)).toContain(name);
      const server = await startServer(group?.inside(command) ?? []);
      await withstand(server, name, 2); // which the kernel kills if it takes more
    },
    60_000,
  );
});

test.skipIf(group !== undefined)(
  'left out, because it needs root and control groups: attacks on a server with 128 MB',
  () => {},
);
