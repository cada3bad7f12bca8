import type { IncomingMessage } from 'node:http';
import { getRequestListener, RequestError } from '@hono/node-server';
import { type Bindings, reportError } from '../../src/app.ts';
import { respond } from '../../src/serve.ts';
import { LoggedResponse } from './response.ts';

const wellFormedHost = /^[^\s,/?#@\\]+$/; // in part; @hono/node-server looks closer

/** Why a request is refused before the app sees it, if it is: the status and the reason. */
const refusal = ({ httpVersion, headers }: IncomingMessage): [number, string] | undefined => {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return [505, `HTTP/${httpVersion} is not supported`];
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return [501, `Transfer-Encoding ${coding} is not supported`];
  // RFC 9112 §3.2; HTTP/1.0 may lack Host, and HAProxy's plain check does (honojs/node-server#160).
  if (headers.host ? !wellFormedHost.test(headers.host) : httpVersion !== '1.0')
    return [400, 'Host is missing or malformed'];
  return undefined;
};

/** Takes the error as a method of the bindings, so that no request needs a function of its own. */
function takeError(this: { outgoing: unknown }, error: unknown): void {
  if (this.outgoing instanceof LoggedResponse) this.outgoing.appFailed(error);
}

/** Makes the server's listener, which asks the app. */
export const appListener = (report: (error: unknown) => void) => {
  const listener = getRequestListener(
    (request, bindings: Bindings & { outgoing: unknown }) => {
      const { outgoing } = bindings;
      if (!(outgoing instanceof LoggedResponse)) throw new TypeError('not a LoggedResponse');
      bindings[reportError] = takeError;
      return respond(request, bindings, (response) => guarded(response, outgoing));
    },
    {
      hostname: 'localhost', // for HTTP/1.0
      errorHandler(error) {
        throw error; // into the promise below, where the response is known
      },
    },
  );

  // What the parts of a Response are kept under by @hono/node-server, whose Response replaces the
  // global one above. Reading `body` would make a native Response of it: a third of the throughput.
  const [parts] = Object.getOwnPropertySymbols(new Response(null));
  const bodyOf = (response: Response): unknown => {
    const kept: unknown = parts && Reflect.get(response, parts);
    return Array.isArray(kept) ? kept[1] : response.body;
  };

  /** Takes the errors of a body that is a stream: @hono/node-server prints them, and sends some. */
  const guarded = (response: Response, outgoing: LoggedResponse): Response => {
    const content = bodyOf(response);
    const body = content instanceof Blob ? content.stream() : content;
    if (!(body instanceof ReadableStream)) return response;
    const reader = body.getReader();
    const source = {
      async pull(controller: ReadableStreamDefaultController) {
        try {
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

  return (incoming: IncomingMessage, outgoing: LoggedResponse): void => {
    outgoing.reportError = report;
    const { httpVersion, headers } = incoming;
    const refused = refusal(incoming);
    // After Upgrade, Node's parser stops. The others make it unclear where the next request begins (RFC 9112 §6.1).
    const endsConnection =
      headers.upgrade !== undefined ||
      (headers['transfer-encoding'] !== undefined && httpVersion === '1.0') ||
      (refused && refused[0] > 500);
    if (endsConnection) outgoing.closeAfter();
    if (refused) outgoing.fail(...refused);
    else
      listener(incoming, outgoing).catch((error) => {
        if (error instanceof RequestError) outgoing.fail(400, error.message);
        else outgoing.failWith(error);
      });
  };
};
