import { expect } from 'vitest';
import { send } from '../../src/testing/client.ts';

/** Resolves once nothing listens on the port any more: the drain has begun. */
export const refused = (port: number): Promise<void> =>
  expect
    .poll(() => send(`http://127.0.0.1:${port}`, { path: '/' }).catch(({ code }) => code))
    .toBe('ECONNREFUSED');
