import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import { type AccessRecord, accessRecord } from '../../src/access-log.ts';
import type { Outcome } from './response.ts';

/** What is kept of an exchange until its record is made. */
export interface NodeExchange {
  time: number; // when it ended, in milliseconds since the epoch
  peer: string; // the address of the other side of the connection
  headers: IncomingHttpHeaders;
  method: string;
  url: string;
  outcome: Outcome;
}

/** Takes the prefix off an IPv4 address that a dual-stack socket shows as an IPv6 one (RFC 4291 §2.5.5.2). */
export const unmapped = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/, '');

/** The client's address: the peer's, or the one that the outermost of the trusted proxies saw. */
export const clientAddress = (peer: string, forwardedFor: string, trustProxy: number): string => {
  const entry = forwardedFor.split(',').at(-trustProxy)?.trim() ?? ''; // further left is forgeable
  // A zone, as in fe80::1%eth0, is any text, and means nothing on another machine.
  return isIP(entry) && !entry.includes('%') ? unmapped(entry) : peer;
};

/** Clients send UTF-8 in header fields; Node reads Latin-1. */
const decode = (text: string | string[] | undefined): string => {
  if (typeof text !== 'string') return '';
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString() : text;
};

/**
 * Makes the record of an exchange on Node.
 * @param trustProxy how many proxies stand before the server
 */
export const nodeRecord = (exchange: NodeExchange, trustProxy: number): AccessRecord => {
  const { peer, headers, outcome } = exchange;
  const field = (name: string) => decode(headers[name]);
  return accessRecord({
    time: exchange.time,
    duration: outcome.duration,
    field,
    fallbackId: '',
    remoteAddress: trustProxy ? clientAddress(peer, field('x-forwarded-for'), trustProxy) : peer,
    host: field('host'),
    method: exchange.method,
    uri: decode(exchange.url),
    status: outcome.status,
    error: outcome.error,
    bytesIn: outcome.bytesIn,
    bytesOut: outcome.bytesOut,
  });
};
