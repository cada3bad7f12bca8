import { type OutgoingHttpHeader, type OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { exchangeKey } from '../app/exchange.ts';
import type { Exchange } from './exchange.ts';

// What an app does with Node's response goes through its exchange.

interface Tracked {
  [exchangeKey]: Exchange;
  writeHead: typeof writeHead;
  write: typeof write;
  end: typeof end;
  destroy: typeof destroy;
}

/** The methods of Node's that are overridden: they check by themselves what an app hands over. */
interface NativeMethods {
  writeHead(...given: unknown[]): unknown;
  write(...given: unknown[]): boolean;
  end(...given: unknown[]): unknown;
  destroy(...given: unknown[]): unknown;
}
export const native: NativeMethods = ServerResponse.prototype;

function writeHead(this: Tracked, status: number, reason?: unknown, headers?: unknown): Tracked {
  this[exchangeKey].writeHead(status, reason, headers);
  return this;
}

function write(this: Tracked, chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
  return this[exchangeKey].write(chunk, encoding, callback);
}

function end(this: Tracked, chunk?: unknown, encoding?: unknown, callback?: unknown): Tracked {
  this[exchangeKey].end(chunk, encoding, callback);
  return this;
}

function destroy(this: Tracked, error?: unknown): Tracked {
  this[exchangeKey].destroy(error);
  return this;
}

function onFinish(this: Tracked): void {
  this[exchangeKey].finish();
}

function onClose(this: Tracked): void {
  this[exchangeKey].close();
}

/**
 * Lets an exchange see what is done with its response. The methods become properties of the response
 * itself: an app may replace its prototype, as Express does. They are the same functions for all
 * responses, because V8 would keep those that are made for each until it collects its old space.
 */
export const track = (outgoing: ServerResponse, exchange: Exchange): void => {
  const tracked = outgoing as unknown as Tracked; // which it is from here on
  tracked[exchangeKey] = exchange;
  tracked.writeHead = writeHead;
  tracked.write = write;
  tracked.end = end;
  tracked.destroy = destroy;
  outgoing.on('finish', onFinish).on('close', onClose);
};

/** Calls back with the beginning of what is first written to a socket. */
export const onFirstWrite = (socket: Socket, callback: (text: string) => void): void => {
  const { write, end } = socket;
  const first =
    (method: typeof write | typeof end) =>
    (...given: unknown[]): unknown => {
      Object.assign(socket, { write, end });
      callback(String(given[0]).slice(0, 16));
      return Reflect.apply(method, socket, given);
    };
  Object.assign(socket, { write: first(write), end: first(end) });
};

/** The exchange of a response. */
export const exchangeOf = (outgoing: object): Exchange => Reflect.get(outgoing, exchangeKey);

/** How many bytes Node makes of a chunk. */
export const byteLength = (chunk: unknown, encoding?: unknown): number => {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encoding as BufferEncoding);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
};

/** Calls back, as Node does, what waits for something to be written that is dropped. */
export const drop = (...given: unknown[]): void => {
  const callback = given.find((value) => typeof value === 'function');
  if (callback) process.nextTick(callback, new Error('the connection is closed'));
};

/** The fields that belong to the connection (RFC 9110 §7.6.1), and the one that is always set: not the app's. */
const serverFields =
  /^(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|x-content-type-options)$/i;

export const isServerField = (name: string): boolean => serverFields.test(name);

export const isLength = (name: string): boolean =>
  name.length === 14 && /^content-length$/i.test(name);

/** What Node takes as headers: an object, a list of pairs, or names and values in turn. */
export type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[] | [string, OutgoingHttpHeader][];

/** Makes an object of headers; what a list has twice keeps both values. */
export const headersObject = (headers: Headers): OutgoingHttpHeaders => {
  if (!Array.isArray(headers)) return headers;
  const flat = headers.flat();
  const object: OutgoingHttpHeaders = {};
  for (let i = 0; i < flat.length; i += 2) {
    const name = String(flat[i]);
    const value = flat[i + 1] as OutgoingHttpHeader;
    const given = object[name];
    object[name] = given === undefined ? value : [given, value].flat().map(String);
  }
  return object;
};
