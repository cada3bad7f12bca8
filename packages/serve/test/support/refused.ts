import { send } from '@edge-ping/serve-testing/client';
import { expect } from 'vitest';

/** Resolves once nothing listens on the port any more: the drain has begun. */
export const refused = (port: number): Promise<void> =>
  expect
    .poll(() => send(`http://127.0.0.1:${port}`, { path: '/' }).catch(({ code }) => code))
    .toBe('ECONNREFUSED');
