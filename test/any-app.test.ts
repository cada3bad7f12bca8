import { describe } from 'vitest';
import { anyAppTestsAt, fixtureEnv } from './support/any-app-tests.ts';
import { startServer } from './support/process.ts';

describe('any app, on Node', () =>
  anyAppTestsAt(() => startServer(['node', 'test/fixtures/node.ts'], { env: fixtureEnv })));
