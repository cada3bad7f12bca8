import { exchangeOf } from '../app/exchange.ts';
import { reasonOf } from '../log/error-record.ts';
import { WebExchange } from '../web/exchange.ts';
import {
  chosenProtocol,
  closeError,
  defineHelper,
  eventCaller,
  NO_CLOSE_FRAME,
  NO_CODE,
  refuse,
  withDefaults,
} from './websocket.ts';

export type { WebSocketEvents, WebSocketMessageEvent, WebSocketOptions } from './websocket.ts';

/** The Worker's end of a pair, of which the runtime connects the other with the client. */
interface ServerSocket extends WebSocket {
  accept(): void;
  readonly readyState: 0 | 1 | 2 | 3;
}

declare const WebSocketPair: new () => { 0: WebSocket; 1: ServerSocket };

const CLOSED = 3;
const TOO_BIG = 1009; // of RFC 6455 §7.4.1

const encoder = new TextEncoder();

const byteLength = (data: string | ArrayBuffer | Uint8Array): number =>
  typeof data === 'string' ? encoder.encode(data).length : data.byteLength;

/** Why a handshake is refused that workerd would refuse later, if it is. Another Worker sends neither field. */
const refusal = (key?: string, version?: string): [400 | 426, string] | undefined => {
  if (version !== '13' && (key || version))
    return [426, `WebSocket version ${version} is not supported`];
  return version && !key ? [400, 'Sec-WebSocket-Key is missing'] : undefined;
};

/** Calls functions later, one by one, in the async context of the caller: events of workerd have none. */
const inThisContext = () => {
  const calls: (() => unknown)[] = [];
  let wake = () => {};
  const run = async () => {
    for (;;) {
      for (let call = calls.shift(); call; call = calls.shift()) call();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  run();
  return (call: () => unknown): void => {
    calls.push(call);
    wake();
  };
};

/** What workerd says of a client that breaks the protocol: the code that it closes with, and why. */
const violation = /statusCode = (\d+); \S+ = (.+)$/s;

/**
 * Handles a request for a WebSocket: the connection then goes on as one. Other requests go on to the
 * next handler.
 * @param createEvents makes what is called for the events of the WebSocket
 * @see https://hono.dev/docs/helpers/websocket
 */
export const upgradeWebSocket = defineHelper((c, events, given) => {
  const refused = refusal(c.req.header('Sec-WebSocket-Key'), c.req.header('Sec-WebSocket-Version'));
  if (refused) return refuse(c, ...refused);
  const { maxMessageBytes, protocols } = withDefaults(given);
  const offered = c.req.header('Sec-WebSocket-Protocol')?.split(',') ?? [];
  const protocol = chosenProtocol(
    offered.map((each) => each.trim()),
    protocols,
  );
  const { 0: client, 1: server } = new WebSocketPair();
  server.binaryType = 'arraybuffer'; // by default a Blob
  const exchange = exchangeOf(c);
  const outcome = { error: '', bytesIn: 0, bytesOut: 0 };
  const { promise: ended, resolve: end } = Promise.withResolvers<typeof outcome>();
  const later = inThisContext();
  let isClosed = false;

  const caller = eventCaller(
    c,
    events,
    {
      raw: server,
      protocol: protocol ?? '',
      get readyState() {
        return isClosed ? CLOSED : server.readyState;
      },
      send(data: string | ArrayBuffer | Uint8Array<ArrayBuffer>) {
        outcome.bytesOut += byteLength(data);
        server.send(data);
      },
      close(code?: number, reason?: string) {
        // RFC 6455 §7.4.2 reserves them; workerd would send them.
        if (code !== undefined && code > 1014 && code < 3000)
          throw new RangeError(`${code} is no code that a WebSocket can be closed with`);
        server.close(code, reason);
        if (code !== undefined) outcome.error ||= closeError(code, reason ?? '');
      },
    },
    (error) => {
      outcome.error ||= reasonOf(error);
      if (exchange) exchange.addError(error);
      else console.error(error);
    },
  );
  const close = (event: CloseEvent): void => {
    if (isClosed) return;
    isClosed = true;
    outcome.error ||= closeError(event.code, event.reason);
    later(async () => {
      await caller.close(event);
      end(outcome);
    });
  };
  server.addEventListener('message', (event) => {
    const data: string | ArrayBuffer = event.data;
    const bytes = byteLength(data);
    outcome.bytesIn += bytes;
    if (bytes <= maxMessageBytes) later(() => caller.message(data));
    else if (server.readyState === WebSocket.OPEN) {
      const message = 'Max payload size exceeded'; // in the words of ws
      outcome.error ||= closeError(TOO_BIG, message);
      server.close(TOO_BIG);
      later(() => caller.error(Object.assign(new Event('error'), { message })));
    }
  });
  server.addEventListener('error', (event) => {
    if (isClosed) return;
    const message = 'message' in event ? String(event.message) : '';
    const [, code = NO_CLOSE_FRAME, reason = ''] = violation.exec(message) ?? [];
    outcome.error ||= closeError(Number(code), reason);
    later(() => caller.error(event));
    close(new CloseEvent('close', { code: NO_CLOSE_FRAME })); // there may be no such event
  });
  server.addEventListener('close', (event) => {
    const { code, reason, wasClean } = event;
    // Before 2026-04-07, workerd leaves the rest of the closing handshake to the Worker.
    if (wasClean && server.readyState !== CLOSED)
      if (code === NO_CODE) server.close();
      else server.close(code, reason);
    close(event);
  });
  const open = () => {
    server.accept();
    later(() => caller.open());
    return ended;
  };
  if (exchange instanceof WebExchange)
    exchange.socket = (status) => {
      if (status === 101) return open();
      if (status < 300)
        exchange.addError(
          new Error('a middleware has replaced the response that upgradeWebSocket made'),
        );
      return undefined;
    };
  else open(); // in a Durable Object, say

  const { headers } = c.body(null);
  headers.delete('Sec-WebSocket-Protocol');
  if (protocol) headers.set('Sec-WebSocket-Protocol', protocol);
  const init = { status: 101, headers, webSocket: client };
  return new Response(null, init);
});
