import { join } from 'node:path';
import { send } from '@edge-ping/serve-testing/client';
import { bundleWorker, startWorker } from '@edge-ping/serve-testing/worker';
import { describe } from 'vitest';
import { logOptionTests } from './runner.ts';

describe('where the logs go, in workerd', () =>
  logOptionTests(async () => {
    const config = join(import.meta.dirname, 'wrangler.toml');
    const target = await startWorker(await bundleWorker(config));
    return { ...target, send: (_, sent) => send(target.url, sent) };
  }));
