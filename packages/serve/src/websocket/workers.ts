import type { ExecutionContext } from 'hono';
import { reasonOf } from '../log/error-record.ts';
import { type SocketOwner, whenClosed } from '../web/serve-web.ts';
import {
  asksForWebSocket,
  chosenProtocol,
  closeError,
  defineHelper,
  eventCaller,
  withDefaults,
} from './websocket.ts';

export type { WebSocketEvents, WebSocketMessageEvent, WebSocketOptions } from './websocket.ts';

/** The Worker's end of a pair, of which the runtime connects the other with the client. */
interface ServerSocket extends WebSocket {
  accept(): void;
  readonly readyState: 0 | 1 | 2 | 3;
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

const TOO_BIG = 1009; // RFC 6455 §7.4.1

const encoder = new TextEncoder();

const byteLength = (data: string | ArrayBuffer | Uint8Array): number =>
  typeof data === 'string' ? encoder.encode(data).length : data.byteLength;

/**
 * Handles a request for a WebSocket: the connection then goes on as one. Other requests go on to the
 * next handler.
 * @param createEvents makes what is called for the events of the WebSocket
 * @see https://hono.dev/docs/helpers/websocket
 */
export const upgradeWebSocket = defineHelper((c, events, given) => {
  if (!asksForWebSocket(c)) return undefined;
  const { maxMessageBytes, protocols } = withDefaults(given);
  const offered = c.req.header('Sec-WebSocket-Protocol')?.split(/\s*,\s*/) ?? [];
  const protocol = chosenProtocol(offered, protocols);
  const executionCtx: ExecutionContext & SocketOwner = c.executionCtx;
  const { 0: client, 1: server } = new WebSocketPair();
  const outcome = { error: '', bytesIn: 0, bytesOut: 0 };
  const { promise, resolve } = Promise.withResolvers<typeof outcome>();
  executionCtx[whenClosed] = promise;

  const close = (code?: number, reason?: string): void => {
    server.close(code, reason);
    if (code !== undefined) outcome.error ||= closeError(code, reason ?? '');
  };
  const connection = {
    raw: server,
    protocol: protocol ?? '',
    get readyState() {
      return server.readyState;
    },
    send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>) {
      outcome.bytesOut += byteLength(data);
      server.send(data);
    },
    close,
  };
  const caller = eventCaller(c, events, connection, (error) => {
    outcome.error ||= reasonOf(error);
    executionCtx.waitUntil(Promise.reject(error)); // which is told
  });
  server.addEventListener('message', (event) => {
    const data: string | ArrayBuffer = event.data;
    const bytes = byteLength(data);
    outcome.bytesIn += bytes;
    if (bytes <= maxMessageBytes) caller.message(data);
    else if (server.readyState === WebSocket.OPEN) {
      const message = 'Max payload size exceeded'; // in the words of ws
      outcome.error ||= closeError(TOO_BIG, message);
      server.close(TOO_BIG);
      caller.error(Object.assign(new Event('error'), { message }));
    }
  });
  server.addEventListener('error', (event) => {
    caller.error(event);
  });
  server.addEventListener('close', async (event) => {
    outcome.error ||= closeError(event.code, event.reason);
    await caller.close(event);
    resolve(outcome);
  });
  server.accept();
  server.binaryType = 'arraybuffer'; // by default a Blob
  caller.open();

  const { headers } = c.body(null);
  headers.delete('Sec-WebSocket-Protocol');
  if (protocol) headers.set('Sec-WebSocket-Protocol', protocol);
  const init = { status: 101, headers, webSocket: client };
  return new Response(null, init);
});
