import { isIP } from 'node:net';

/** Takes the prefix off an IPv4 address that a dual-stack socket shows as an IPv6 one (RFC 4291 §2.5.5.2). */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/**
 * The client's address: the peer's, or the one that the outermost of the trusted proxies saw.
 * @param trustProxy how many proxies stand before the server; at least 1
 */
export const clientAddress = (peer: string, forwardedFor: string, trustProxy: number): string => {
  const entry = forwardedFor.split(',').at(-trustProxy)?.trim() ?? ''; // further left is forgeable
  // A zone, as in fe80::1%eth0, is any text, and means nothing on another machine.
  return isIP(entry) && !entry.includes('%') ? unmapped(entry) : peer;
};
