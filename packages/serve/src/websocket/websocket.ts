import type { Context, Next } from 'hono';
import { type UpgradeWebSocket, WSContext, type WSContextInit, type WSEvents } from 'hono/ws';
import { exchangeOf, executionCtxOf } from '../app/exchange.ts';

/** The options of `upgradeWebSocket`. */
export interface WebSocketOptions {
  /** The longest message that is taken; beyond it, the WebSocket is closed with 1009. 1 MiB by default. */
  maxMessageBytes?: number;
  /** The subprotocols that the app speaks. By default, whatever the client names first is accepted. */
  protocols?: readonly string[];
  /** Milliseconds between two pings, 30,000 by default. On Workers, the platform has its own. */
  pingInterval?: number;
}

/** The event of a message: text is a string, binary data an ArrayBuffer. */
export interface WebSocketMessageEvent extends Omit<MessageEvent, 'data'> {
  readonly data: string | ArrayBuffer;
}

/** What an app has for the events of a WebSocket: Hono's `WSEvents`, with the messages that come here. */
export interface WebSocketEvents extends Omit<WSEvents, 'onMessage'> {
  onMessage?: (event: WebSocketMessageEvent, ws: WSContext) => void;
}

/** The options with their defaults. */
export const withDefaults = ({
  maxMessageBytes = 1_048_576,
  protocols,
  pingInterval = 30_000, // less than the 60 s after which load balancers and nginx cut what is silent
}: WebSocketOptions = {}) => ({ maxMessageBytes, protocols, pingInterval });

const OPEN = 1;

// Codes of RFC 6455 §7.4.1.
export const NO_CODE = 1005;
export const NO_CLOSE_FRAME = 1006;
const INTERNAL_ERROR = 1011;
const normal = new Set([1000, 1001, NO_CODE]); // done; going away; no code

/** What the record says of how a WebSocket was closed: nothing if that was a normal end. */
export const closeError = (code: number, reason: string): string => {
  if (normal.has(code)) return '';
  if (code === NO_CLOSE_FRAME) return 'the client left';
  return `closed with code ${code}${reason && `: ${reason}`}`;
};

/** Responds to a request that can't become a WebSocket; the reason is for the record. */
export const refuse = (c: Context, status: 400 | 426, reason: string): Response => {
  exchangeOf(c)?.addError(new Error(reason));
  if (status === 400) return c.json({ message: 'Bad Request' }, 400);
  const headers = { Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
  return c.json({ message: 'Upgrade Required' }, 426, headers);
};

/** Whether a request asks for a WebSocket (RFC 6455 §4.2.1). */
const asksForWebSocket = ({ req }: Context): boolean =>
  req.method === 'GET' && req.header('Upgrade')?.toLowerCase() === 'websocket';

/**
 * Defines a helper like those of Hono, which is a handler, or is called in one. A request for no
 * WebSocket goes on to the next handler, if there is one.
 * @param upgrade responds to a request for a WebSocket
 */
export const defineHelper = (
  upgrade: (c: Context, events: WebSocketEvents, options?: WebSocketOptions) => Response,
) =>
  ((
    first: Context | ((c: Context) => WebSocketEvents | Promise<WebSocketEvents>),
    second: WebSocketEvents & WebSocketOptions,
    options?: WebSocketOptions,
  ) => {
    if (typeof first === 'function')
      return async (c: Context, next: Next) =>
        asksForWebSocket(c) ? upgrade(c, await first(c), second) : next();
    return Promise.resolve(
      asksForWebSocket(first)
        ? upgrade(first, second, options)
        : refuse(first, 426, 'the route is for a WebSocket'),
    );
  }) as UpgradeWebSocket<unknown, WebSocketOptions, WebSocketEvents>;

/** The subprotocol for a WebSocket, of those that the client names. */
export const chosenProtocol = (
  offered: Iterable<string>,
  protocols: readonly string[] | undefined,
): string | undefined =>
  [...offered].find((protocol) => !protocols || protocols.includes(protocol));

/**
 * Calls what the app has for the events of a WebSocket. If a callback fails, now or later, its error is
 * told and the WebSocket closed; the app then gets no more messages.
 * @param socket the platform's way to send and to close
 * @param tell takes what a callback throws
 */
export const eventCaller = (
  c: Context,
  events: WebSocketEvents,
  socket: WSContextInit,
  tell: (error: unknown) => void,
) => {
  // What is sent when it is closed is dropped, as in browsers; workerd would throw.
  const isOpen = () => socket.readyState === OPEN;
  let isDone = false; // the app closes it, or has failed
  const close = (code?: number, reason?: string) => {
    socket.close(code, reason); // throws if the app's code is not allowed
    isDone = true;
  };
  const ws = new WSContext({
    ...socket,
    close,
    url: c.req.url,
    get readyState() {
      return socket.readyState;
    },
    send(data, options) {
      if (isOpen()) socket.send(data, options);
    },
  });
  const failed = (error: unknown) => {
    tell(error);
    if (isOpen()) socket.close(INTERNAL_ERROR, 'Internal Server Error');
    isDone = true;
  };
  /** Calls back; the promise, if the app returns one, resolves when it has ended. */
  const call = (callback: () => unknown): Promise<unknown> | undefined => {
    try {
      const result = callback();
      if (!(result instanceof Promise)) return undefined;
      const ended = result.catch(failed);
      executionCtxOf(c)?.waitUntil(ended); // so that a shutdown waits for it
      return ended;
    } catch (error) {
      failed(error);
      return undefined;
    }
  };
  return {
    open: () => call(() => events.onOpen?.(new Event('open'), ws)),
    message: (data: string | ArrayBuffer) =>
      isDone
        ? undefined
        : call(() => events.onMessage?.(new MessageEvent('message', { data }), ws)),
    error: (event: Event) => call(() => events.onError?.(event, ws)),
    close: (event: CloseEvent) => call(() => events.onClose?.(event, ws)),
  };
};
