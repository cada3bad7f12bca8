import { startServer } from '@edge-ping/serve-testing/process';
import { describe } from 'vitest';
import { bundle } from '../support/bundles.ts';
import { sample } from '../support/sample.ts';
import { fixture } from '../support/targets.ts';
import { malformed, malformedOnNode, socketCases } from './cases.ts';
import { socketTests } from './runner.ts';

describe('WebSockets, on Node: the sources', () =>
  socketTests(() => startServer(fixture), [...malformed, ...malformedOnNode]));

describe('WebSockets, on Node: the bundle', () =>
  socketTests(async () => startServer(await bundle()), malformed, sample(socketCases, 10)));
