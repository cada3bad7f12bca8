import type { IncomingMessage } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { ExecutionContext } from 'hono';
import type { BackgroundTasks } from '../background-tasks.ts';
import { type ErrorTaker, takeError } from '../errors.ts';
import { isCostlyToDecode } from '../escapes.ts';
import { type Fetch, respond } from '../respond.ts';
import { partsOf } from './internals.ts';
import { LoggedResponse } from './response.ts';

/** How many fields a header may have: in memory, each takes some 20 times its bytes. */
export const MAX_FIELDS = 200;
const wellFormedHost = /^[^\s,/?#@\\]+$/; // in part; @hono/node-server looks closer

const hasVersion = ({ httpVersion }: IncomingMessage): boolean =>
  httpVersion === '1.1' || httpVersion === '1.0';

const hasCoding = ({ headers: { 'transfer-encoding': coding } }: IncomingMessage): boolean =>
  coding === undefined || coding.toLowerCase() === 'chunked';

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
  const { httpVersion, headers, rawHeaders, url = '' } = incoming;
  if (!hasVersion(incoming)) return [505, `HTTP/${httpVersion} is not supported`];
  if (!hasCoding(incoming))
    return [501, `Transfer-Encoding ${headers['transfer-encoding']} is not supported`];
  if (rawHeaders.length > 2 * MAX_FIELDS) return [431, `more than ${MAX_FIELDS} header fields`];
  // RFC 9112 §3.2; HTTP/1.0 may lack Host, and HAProxy's plain check does (honojs/node-server#160).
  if (headers.host ? !isHost(headers.host) : httpVersion !== '1.0')
    return [400, 'Host is missing or malformed'];
  if (hasUser(url)) return [400, 'the target has user information'];
  if (isCostlyToDecode(url) || (headers.cookie && isCostlyToDecode(headers.cookie)))
    return [400, 'too many malformed percent-escapes'];
  return undefined;
};

/**
 * Whether the connection ends after a request. Behind Upgrade, Node's parser stops. The others make
 * it unclear where the next request begins (RFC 9112 §6.1).
 */
export const endsConnection = (incoming: IncomingMessage): boolean => {
  const { headers, httpVersion } = incoming;
  return (
    headers.upgrade !== undefined ||
    (headers['transfer-encoding'] !== undefined && httpVersion === '1.0') ||
    !hasVersion(incoming) ||
    !hasCoding(incoming)
  );
};

/** The execution context of a request. */
class RequestContext implements ExecutionContext, ErrorTaker {
  readonly props = {};
  readonly #outgoing: LoggedResponse;
  readonly #tasks: BackgroundTasks;

  constructor(outgoing: LoggedResponse, tasks: BackgroundTasks) {
    this.#outgoing = outgoing;
    this.#tasks = tasks;
  }

  waitUntil(promise: Promise<unknown>): void {
    this.#tasks.add(promise, (error) => this.#outgoing.tell?.(error));
  }

  passThroughOnException(): void {} // there is no origin to pass on to

  [takeError](error: unknown): void {
    this.#outgoing.addError(error);
  }
}

/**
 * Takes the errors of a body that is a stream: @hono/node-server prints them, and sends some. Where
 * the client wants no body, its source is cancelled as soon as the header is out.
 */
const guarded = (response: Response, outgoing: LoggedResponse): Response => {
  const [, content] = partsOf(response) ?? [0, response.body];
  const body = content instanceof Blob ? content.stream() : content;
  if (!(body instanceof ReadableStream)) return response;
  const reader = body.getReader();
  const source = {
    async pull(controller: ReadableStreamDefaultController) {
      try {
        if (outgoing.method === 'HEAD') {
          controller.close();
          await reader.cancel();
          return;
        }
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        outgoing.failWith(error);
      }
    },
    cancel: (reason: unknown) => reader.cancel(reason),
  };
  const sent = new Response(new ReadableStream(source, { highWaterMark: 0 }), response);
  if (content instanceof Blob) sent.headers.set('Content-Length', String(content.size));
  return sent;
};

/**
 * Makes the server's listener, which asks the app.
 * @param bindings for `c.env`, beside Node's own objects
 */
export const appListener = (fetch: Fetch, bindings: object, tasks: BackgroundTasks) => {
  const listener = getRequestListener(
    (request, env: { outgoing: unknown }) => {
      const { outgoing } = env;
      if (!(outgoing instanceof LoggedResponse)) throw new TypeError('not a LoggedResponse');
      return respond(
        fetch,
        request,
        Object.assign(env, bindings),
        new RequestContext(outgoing, tasks),
        (response) => guarded(response, outgoing),
      );
    },
    {
      hostname: 'localhost', // for HTTP/1.0
      errorHandler(error) {
        throw error; // into the promise below, where the response is known
      },
    },
  );

  return (incoming: IncomingMessage, outgoing: LoggedResponse): void => {
    const refused = refusal(incoming);
    if (refused) {
      outgoing.fail(...refused);
      return;
    }
    if (outgoing.method === 'HEAD') incoming.method = 'GET'; // Node knows already to send no body
    listener(incoming, outgoing).catch((error) => {
      if (error instanceof RequestError) outgoing.fail(400, error.message);
      else outgoing.failWith(error);
    });
  };
};
