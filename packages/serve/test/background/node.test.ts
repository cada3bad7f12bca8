import { send } from '@edge-ping/serve-testing/client';
import { startServer } from '@edge-ping/serve-testing/process';
import { describe } from 'vitest';
import { nodeServers } from '../support/bundles.ts';
import { backgroundTests } from './runner.ts';

describe.each(nodeServers)('what goes on after a response, on Node: %s', (_, command) =>
  backgroundTests(async () => {
    const target = await startServer(await command());
    return {
      ...target,
      send: (sent) => send(target.url, sent),
      plainLines: () => target.stderr.filter((line) => !line.startsWith('{')),
    };
  }),
);
