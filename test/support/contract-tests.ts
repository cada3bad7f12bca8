import { nameOf, tryCase } from '@edge-ping/serve-testing/cases';
import { type Received, type Sent, send } from '@edge-ping/serve-testing/client';
import { expect, test } from 'vitest';
import { contract } from '../contract.ts';

/**
 * Declares a test for each case of the contract, against a target that sends and receives.
 * @param added header fields that the adapter adds, if not the usual ones
 */
export const contractTests = (
  exchange: (sent: Sent) => Promise<Received>,
  added?: Record<string, string>,
): void => {
  for (const expected of contract)
    test(`${nameOf(expected)} is ${expected.status}`, async () => {
      expect(await tryCase(expected, exchange, added)).toEqual([]);
    });
};

/** The same, against what listens at a URL. */
export const contractTestsAt = (url: () => string): void =>
  contractTests((sent) => send(url(), sent));
