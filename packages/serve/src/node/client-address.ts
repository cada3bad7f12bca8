import { isIP } from 'node:net';

/** Takes the prefix off an IPv4 address that a dual-stack socket shows as an IPv6 one (RFC 4291 §2.5.5.2). */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/**
 * The entry of a list that the outermost of the trusted proxies has written; empty if there is none.
 * @param trustProxy how many proxies stand before the server; at least 1
 */
export const trustedEntry = (list: string, trustProxy: number): string => {
  // Further left is forgeable. A shorter list is one that a trusted proxy has begun anew.
  const entries = list.split(',');
  return (entries.at(-trustProxy) ?? entries[0] ?? '').trim();
};

/** The client's address: the peer's, or the one in the trusted entry of X-Forwarded-For. */
export const clientAddress = (peer: string, forwardedFor: string, trustProxy: number): string => {
  const entry = trustedEntry(forwardedFor, trustProxy);
  // Some proxies write the port, too, behind an IPv6 address in brackets (RFC 7239 §6).
  const [, bracketed] = /^\[(.*)\](?::\d+)?$/.exec(entry) ?? [];
  const [, plain] = /^([\d.]+):\d+$/.exec(entry) ?? [];
  const address = bracketed ?? plain ?? entry;
  // A zone, as in fe80::1%eth0, is any text, and means nothing on another machine.
  return isIP(address) && !address.includes('%') ? unmapped(address) : peer;
};
