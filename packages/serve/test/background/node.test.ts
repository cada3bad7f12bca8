import { describe } from 'vitest';
import { send } from '../../src/testing/client.ts';
import { startServer } from '../../src/testing/process.ts';
import { nodeServers } from '../support/targets.ts';
import { backgroundTests } from './runner.ts';

describe.each(nodeServers)('what goes on after a response, on Node: %s', (_, command) =>
  backgroundTests(async () => {
    const target = await startServer(command);
    return {
      ...target,
      send: (sent) => send(target.url, sent),
      plainLines: () => target.stderr.filter((line) => !line.startsWith('{')),
    };
  }),
);
