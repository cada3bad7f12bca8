import type { IncomingMessage } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { ExecutionContext } from 'hono';
import type { BackgroundTasks } from '../app/background-tasks.ts';
import { decodedFetch } from '../app/decoded-fetch.ts';
import { isCostlyToDecode } from '../app/escapes.ts';
import { type ExchangeOwner, exchangeKey } from '../app/exchange.ts';
import { checkedResponse, errorResponse, type Fetch } from '../app/responses.ts';
import type { Exchange } from './exchange.ts';
import { partsOf, readerBody } from './internals.ts';
import { trustedEntry } from './request.ts';
import { exchangeOf } from './response.ts';

/** How many fields a header may have: in memory, each takes some 20 times its bytes. */
export const MAX_FIELDS = 200;
const wellFormedHost = /^[^\s,/?#@\\]+$/; // in part; @hono/node-server looks closer

const hasVersion = ({ httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' || httpVersion === '1.0';

const hasCoding = ({ headers: { 'transfer-encoding': coding } }: IncomingMessage): boolean =>
  coding === undefined || coding.toLowerCase() === 'chunked';

const hasManyFields = ({ rawHeaders }: IncomingMessage): boolean =>
  rawHeaders.length > 2 * MAX_FIELDS;

let validHost = 'localhost'; // the latest: most requests have the same

/** Whether a Host makes a URL. Not all do that look like names: 256.1.1.1 is no IPv4 address. */
const isHost = (host: string): boolean => {
  if (host === validHost) return true;
  if (!wellFormedHost.test(host) || !URL.canParse(`http://${host}`)) return false;
  validHost = host;
  return true;
};

/** Whether a target in absolute form has user information, which RFC 9110 §4.2.4 forbids. */
const hasUser = (target: string): boolean => {
  if (target.startsWith('/')) return false;
  const url = URL.parse(target);
  return url !== null && url.username + url.password !== '';
};

/** Why a request is refused before the app sees it, if it is: the status and the reason. */
const refusal = (incoming: IncomingMessage): [number, string] | undefined => {
  const { httpVersion, headers, url = '' } = incoming;
  if (!hasVersion(incoming)) return [505, `HTTP/${httpVersion} is not supported`];
  if (!hasCoding(incoming))
    return [501, `Transfer-Encoding ${headers['transfer-encoding']} is not supported`];
  if (hasManyFields(incoming)) return [431, `more than ${MAX_FIELDS} header fields`];
  // RFC 9112 §3.2; HTTP/1.0 may lack Host, and HAProxy's plain check does (honojs/node-server#160).
  if (headers.host ? !isHost(headers.host) : httpVersion !== '1.0')
    return [400, 'Host is missing or malformed'];
  if (hasUser(url)) return [400, 'the target has user information'];
  if (isCostlyToDecode(url) || (headers.cookie && isCostlyToDecode(headers.cookie)))
    return [400, 'too many malformed percent-escapes'];
  return undefined;
};

/**
 * Whether the connection ends after a request. Behind Upgrade, Node's parser stops, and some Nodes
 * refuse too many fields by themselves. The others make it unclear where the next request begins
 * (RFC 9112 §6.1).
 */
export const endsConnection = (incoming: IncomingMessage): boolean => {
  const { headers, httpVersion } = incoming;
  return (
    headers.upgrade !== undefined ||
    (headers['transfer-encoding'] !== undefined && httpVersion === '1.0') ||
    !hasVersion(incoming) ||
    !hasCoding(incoming) ||
    hasManyFields(incoming)
  );
};

/** The execution context of a request. */
class RequestContext implements ExecutionContext, ExchangeOwner {
  readonly props = {};
  readonly [exchangeKey]: Exchange;
  readonly #tasks: BackgroundTasks;

  constructor(exchange: Exchange, tasks: BackgroundTasks) {
    this[exchangeKey] = exchange;
    this.#tasks = tasks;
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#tasks.add(promise, (error) => this[exchangeKey].logError(error));
  }

  passThroughOnException(): void {} // there is no origin to pass on to
}

/** The body of a response as a stream that @hono/node-server can read, if it is none of what it takes at once. */
const streamOf = (body: unknown): ReadableStream | undefined => {
  if (body instanceof ReadableStream) return body;
  if (body instanceof Blob) return body.stream();
  // A stream of another class; no array has such a method.
  return typeof Object(body).getReader === 'function' ? (body as ReadableStream) : undefined;
};

/** Whether the app gave a response a type: @hono/node-server sets one, too, when the headers are looked at. */
const hasOwnType = (response: Response): boolean => {
  const type = response.headers.get('Content-Type');
  // A copy with a body that has no type shows the headers that the response was made with.
  const made = new Response(new ArrayBuffer(), response).headers.get('Content-Type');
  return made !== null || (type !== null && type !== 'text/plain; charset=UTF-8');
};

/** Whether a response is the one that `upgradeWebSocket` has made, with what middlewares did to it. */
const isUpgrade = ({ status, headers }: Response): boolean =>
  status === 200 && headers.has('Upgrade');

/** Reads a body, and takes its error; of one whose client has left, nothing more. */
const watchedReader = (reader: ReadableStreamDefaultReader, exchange: Exchange) => {
  let isCancelled = false; // because the client has left
  const { promise: closed, resolve } = Promise.withResolvers<undefined>();
  const end = () => {
    resolve(undefined);
    return { done: true, value: undefined } as const;
  };
  return {
    closed,
    async read() {
      try {
        const result = await reader.read();
        exchange.addChunk(result.value);
        return result.done && !isCancelled ? end() : result;
      } catch (error) {
        exchange.failWith(error);
        return end();
      }
    },
    async cancel(reason?: unknown) {
      isCancelled = true;
      await reader.cancel(reason).finally(end);
    },
  };
};

/** A response with another body. A copy of a native one would check all its fields again. */
const withBody = ({ status, headers }: Response, body: ReadableStream): Response => {
  const response: Partial<Response> = { status, headers, body }; // as of another class than the global one
  return response as Response;
};

/**
 * Makes a response ready for @hono/node-server, which prints some errors and sends others: that of a
 * header is thrown here, that of a body is taken. Where the client wants no body, its source is
 * cancelled as soon as the header is out.
 */
const prepared = (returned: unknown, exchange: Exchange): Response => {
  const given = checkedResponse(returned);
  if (given.status === 404 && exchange.handOver()) return given;
  const parts = partsOf(given);
  const response = parts ? given : decodedFetch(given); // whose url a Response with parts would have to make
  const [, body, headers] = parts ?? [0, response.body, undefined];
  // Checks what is no plain object: an array, or another iterable.
  if (Symbol.iterator in Object(headers)) void response.headers;
  const stream = streamOf(body);
  if (!stream) {
    // Without its parts @hono/node-server sees that the handler has responded by c.env.outgoing.
    if (body === null && exchange.outgoing.headersSent) void response.body;
    if (exchange.takeOver && isUpgrade(response)) exchange.switchProtocols(response.headers);
    else if (exchange.takeOver && response.ok)
      exchange.error ||= 'a middleware has replaced the response that upgradeWebSocket made';
    return response;
  }
  const reader = stream.getReader();
  // What is read from then on, or is being read, is the end.
  exchange.endBody = () => reader.cancel().catch(() => {});
  const watched = readerBody(watchedReader(reader, exchange));
  // A native Response is read before its header is sent, for the length of a short body.
  const sent = parts ? new Response(watched, response) : withBody(response, watched);
  if (body instanceof Blob) {
    sent.headers.set('Content-Length', String(body.size));
    // @hono/node-server would put its own type in the place of the body's.
    if (body.type && !hasOwnType(response)) sent.headers.set('Content-Type', body.type);
  }
  return sent;
};

/** The last resort: Hono does not catch what is no `Error`, and a handler may return what can't be sent. */
const failed = (thrown: unknown, exchange: Exchange): Response => {
  exchange.addError(thrown);
  return prepared(errorResponse(500), exchange);
};

const plainHost = /^[a-z0-9._-]+(?::\d+)?$/;

/**
 * The target of a request in the form that @hono/node-server makes a URL of: in absolute form where it
 * would take the wrong scheme, or refuses a Host that it would spell in another way. The scheme is the
 * trusted proxy's, and else the connection's, whatever a target in absolute form says.
 */
const targetOf = ({ headers, url = '' }: IncomingMessage, trustProxy: number): string => {
  const { host = 'localhost', 'x-forwarded-proto': protocols } = headers;
  const isSecure =
    trustProxy > 0 && /^https$/i.test(trustedEntry(String(protocols ?? ''), trustProxy));
  const scheme = isSecure ? 'https' : 'http';
  if (!url.startsWith('/')) return url.replace(/^https?(?=:)/i, scheme);
  return !isSecure && plainHost.test(host) ? url : `${scheme}://${host}${url}`;
};

/** What a listener needs beside the app. */
export interface ListenerOptions {
  /** For `c.env`, beside Node's own objects. */
  bindings: object;
  tasks: BackgroundTasks;
  trustProxy: number;
}

/** Makes what asks the app for the response of an exchange. */
export const appListener = (fetch: Fetch, { bindings, tasks, trustProxy }: ListenerOptions) => {
  const listener = getRequestListener(
    (request, env: { outgoing: object }) => {
      const exchange = exchangeOf(env.outgoing);
      try {
        const context = new RequestContext(exchange, tasks);
        const response = fetch(request, Object.assign(env, bindings), context);
        if (!(response instanceof Promise)) return prepared(response, exchange);
        return response
          .then((resolved) => prepared(resolved, exchange))
          .catch((thrown) => failed(thrown, exchange));
      } catch (thrown) {
        return failed(thrown, exchange);
      }
    },
    {
      hostname: 'localhost', // for HTTP/1.0
      errorHandler(error) {
        throw error; // into the promise below, where the exchange is known
      },
    },
  );

  return (exchange: Exchange): void => {
    const { incoming } = exchange;
    const refused = refusal(incoming);
    if (refused) {
      exchange.fail(...refused);
      return;
    }
    const { url } = incoming;
    incoming.url = targetOf(incoming, trustProxy);
    listener(incoming, exchange.outgoing).catch((error) => {
      if (error instanceof RequestError) exchange.fail(400, error.message);
      else exchange.failWith(error);
    });
    incoming.url = url;
  };
};
