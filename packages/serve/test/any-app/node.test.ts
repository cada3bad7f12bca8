import { describe } from 'vitest';
import { startServer } from '../../src/testing/process.ts';
import { nodeServers } from '../support/targets.ts';
import { anyAppTestsAt, fixtureEnv } from './runner.ts';

describe.each(nodeServers)('any app, on Node: %s', (_, command) =>
  anyAppTestsAt(() => startServer(command, { env: fixtureEnv })),
);
