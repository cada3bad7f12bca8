import { describe } from 'vitest';
import { startServer } from '../../src/testing/process.ts';
import { nodeServers } from '../support/targets.ts';
import { anyApp, nodeApp } from './cases.ts';
import { anyAppTestsAt } from './runner.ts';

describe.each(nodeServers)('any app, on Node: %s', (_, command) =>
  anyAppTestsAt((env) => startServer(command, { env }), { cases: [...anyApp, ...nodeApp] }),
);
