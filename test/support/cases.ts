import type { Received, Sent } from '@edge-ping/serve/testing/client';
import { adapterHeaders, type Case, frameworkName } from '../contract.ts';

/** How a response differs from the expected one: a line for each difference. */
export const differences = (expected: Received, received: Received): string[] => {
  const lines: string[] = [];
  const compare = (what: string, wanted: unknown, got: unknown) => {
    if (wanted !== got)
      lines.push(`${what}: expected ${JSON.stringify(wanted)}, received ${JSON.stringify(got)}`);
  };
  compare('status', expected.status, received.status);
  compare('location', undefined, received.headers.location);
  for (const [name, value] of Object.entries(expected.headers))
    compare(name, value, received.headers[name]);
  for (const [name, value] of Object.entries(received.headers))
    if (frameworkName.test(`${name}: ${value}`))
      lines.push(`${name}: ${value}: names the framework`);
  compare('body', expected.body, received.body);
  return lines;
};

/**
 * Makes the request of a case, and says how the response differs from what it should be.
 * @param added header fields that it must have besides
 */
export const tryCase = async (
  { method, path, requestBody, headers, ...expected }: Case,
  exchange: (sent: Sent) => Promise<Received>,
  added: Record<string, string> = adapterHeaders,
): Promise<string[]> =>
  differences(
    { ...expected, headers: { ...headers, ...added } },
    await exchange({ method, path, requestBody }),
  );
