import { startServer } from '@edge-ping/serve-testing/process';
import { describe } from 'vitest';
import { nodeServers } from '../support/targets.ts';
import { malformed } from './cases.ts';
import { socketTests } from './runner.ts';

describe.each(nodeServers)('WebSockets, on Node: %s', (_, command) =>
  socketTests(() => startServer(command), malformed),
);
