import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Context } from 'hono';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { exchangeOf } from '../app/exchange.ts';
import { Exchange, type Upgraded } from '../node/exchange.ts';
import { MAX_UNSENT_BYTES, NO_MEMORY, PART_BYTES } from '../node/memory.ts';
import {
  chosenProtocol,
  closeError,
  defineHelper,
  eventCaller,
  refuse,
  type WebSocketEvents,
  withDefaults,
} from './websocket.ts';

export type { WebSocketEvents, WebSocketMessageEvent, WebSocketOptions } from './websocket.ts';

const MAX_PONGS = 16; // that wait; more pings at a time get one pong together
const MAX_CALLBACKS = 64; // that wait, before no further message is read
const MAX_BYTES_BEHIND_CLOSE = 65_536;

const serverOptions = {
  noServer: true,
  clientTracking: false,
  allowSynchronousEvents: false, // a message in a turn of the event loop, so that a client with many small ones keeps nobody waiting
  autoPong: false, // a client that reads none could have them wait in memory without end
  perMessageDeflate: false, // costs a connection hundreds of kilobytes
  maxFragments: 256, // of a message: each takes some hundred bytes beside its own
  maxBufferedChunks: 4_096, // of a frame, as the network delivers it
};

// Of RFC 6455 §7.4.1.
const GOING_AWAY = 1001;
const NO_CODE = 1005;
const NO_CLOSE_FRAME = 1006;

/** Why a handshake is refused, if it is: the status and the reason. What it lacks here, ws looks at. */
const refusal = ({ httpVersion, headers }: IncomingMessage): [400 | 426, string] | undefined => {
  const { connection = '', 'sec-websocket-version': version } = headers;
  if (httpVersion !== '1.1') return [426, `a WebSocket needs HTTP/1.1, not HTTP/${httpVersion}`];
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection))
    return [400, 'Connection does not name Upgrade'];
  if (version !== '13') return [426, `WebSocket version ${version} is not supported`];
  return undefined;
};

/** A WebSocket that knows with what its close began, on either side. */
class ServerWebSocket extends WebSocket {
  closedWith: { code: number; reason: string } | undefined;

  override close(code?: number, reason?: string | Buffer): void {
    const isFirst = this.readyState === WebSocket.OPEN;
    super.close(code, reason); // throws if the app's code is not allowed
    if (isFirst) this.closedWith = { code: code ?? NO_CODE, reason: String(reason ?? '') };
  }
}

/** An open WebSocket and the exchange that it goes on in. */
class OpenWebSocket implements Upgraded {
  readonly #ws: ServerWebSocket;
  readonly #exchange: Exchange;
  readonly #socket: Socket;
  readonly #pingInterval: number;
  readonly #events: ReturnType<typeof eventCaller>;
  readonly #inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  #unsent = 0; // frames that wait for the client
  #taken: number; // bytes from the client that are not part of an unfinished message,
  #parts = 0; // and the pieces in which those that are have come
  #callbacks = 0; // of messages, that the app has not ended,
  readonly #waiting: (string | ArrayBuffer)[] = []; // and the messages that wait for them
  #waitingBytes = 0;
  #onNoneWaiting = () => {};
  #bytesBehindClose = 0;
  #pingedAt = performance.now();
  #readAtPing = -1;
  #pongs = 0; // that wait for the client
  #ping: Buffer | undefined; // the latest without a pong

  constructor(ws: ServerWebSocket, { exchange, c, events, pingInterval, inContext }: Handshake) {
    this.#ws = ws;
    this.#exchange = exchange;
    this.#socket = exchange.incoming.socket;
    this.#pingInterval = pingInterval;
    this.#inContext = inContext;
    this.#taken = this.#socket.bytesRead;
    const connection = {
      raw: ws,
      protocol: ws.protocol,
      get readyState() {
        return ws.readyState;
      },
      send: (data: string | ArrayBuffer | Uint8Array) => this.#send(data),
      close: (code?: number, reason?: string) => ws.close(code, reason),
    };
    this.#events = eventCaller(c, events, connection, (error) => exchange.addError(error));
    ws.binaryType = 'arraybuffer';
    ws.on('message', (data) => this.#onMessage(data))
      .on('ping', (data) => this.#onPing(data))
      .on('pong', (data) => this.#onControl(data))
      .on('error', (error) => this.#onError(error))
      .on('close', (code, reason) => this.#onClose(code, reason.toString()));
    this.#socket.on('data', ({ length }) => this.#onPiece(length)); // behind the listener of ws
    this.#socket.resume();
  }

  get held(): number {
    const unfinished = this.#socket.bytesRead - this.#taken;
    const parts = this.#parts + this.#unsent + this.#waiting.length;
    return unfinished + this.#waitingBytes + parts * PART_BYTES;
  }

  open(): void {
    this.#inContext(() => this.#events.open());
  }

  checkTime(now: number): void {
    if (now - this.#pingedAt < this.#pingInterval) return;
    const { bytesRead } = this.#socket;
    if (bytesRead === this.#readAtPing) this.#cut('the client does not respond to pings');
    this.#readAtPing = bytesRead;
    this.#pingedAt = now;
    this.#ws.ping();
  }

  goAway(): void {
    this.#ws.close(GOING_AWAY);
  }

  #send(data: string | ArrayBuffer | Uint8Array): void {
    const { writableLength } = this.#socket;
    const bytes = Buffer.byteLength(data);
    if (writableLength > 0 && writableLength + this.#unsent * PART_BYTES > MAX_UNSENT_BYTES)
      this.#cut('the client does not read');
    else if (!this.#exchange.connection.hasRoom(bytes + PART_BYTES)) this.#cut(NO_MEMORY);
    else {
      this.#unsent += 1;
      this.#exchange.addBytesOut(bytes);
      this.#ws.send(data, this.#onSent);
    }
  }

  readonly #onSent = (): void => {
    this.#unsent -= 1;
  };

  /** Takes note of what the network has delivered, whose frames have come, or will. */
  #onPiece(length: number): void {
    const { bytesRead } = this.#socket;
    if (this.#socket.listenerCount('data') === 1) {
      // Behind the client's Close, ws has stopped to listen.
      this.#taken = bytesRead;
      this.#bytesBehindClose += length;
      if (this.#bytesBehindClose > MAX_BYTES_BEHIND_CLOSE) this.#ws.terminate();
      return;
    }
    this.#parts += 1;
    if (!this.#exchange.connection.hasRoom(length + PART_BYTES)) this.#cut(NO_MEMORY);
  }

  #onMessage(data: RawData): void {
    this.#taken = this.#socket.bytesRead;
    this.#parts = 0;
    const message = data instanceof ArrayBuffer ? data : String(data);
    const bytes = Buffer.byteLength(message);
    this.#exchange.bytesIn += bytes;
    if (this.#callbacks < MAX_CALLBACKS) this.#call(message);
    else {
      this.#waiting.push(message);
      this.#waitingBytes += bytes;
      this.#ws.pause();
    }
  }

  /** Hands a message to the app. */
  #call(message: string | ArrayBuffer): void {
    const ended = this.#inContext(() => this.#events.message(message));
    if (!ended) return;
    this.#callbacks += 1;
    ended.then(() => this.#callNext());
  }

  #callNext(): void {
    this.#callbacks -= 1;
    while (this.#callbacks < MAX_CALLBACKS) {
      const message = this.#waiting.shift();
      if (message === undefined) break;
      this.#waitingBytes -= Buffer.byteLength(message);
      this.#call(message);
    }
    if (this.#waiting.length > 0) return;
    this.#onNoneWaiting();
    if (this.#ws.isPaused) this.#ws.resume();
  }

  /** Takes note of a ping or pong, which may come within a message. */
  #onControl({ length }: Buffer): void {
    this.#taken += 6 + length;
  }

  /** RFC 6455 §5.5.3 lets one pong, to the latest ping, stand for those before it. */
  #onPing(data: Buffer): void {
    this.#onControl(data);
    if (this.#pongs < MAX_PONGS) this.#pong(data);
    else this.#ping = data;
  }

  #pong(data: Buffer): void {
    this.#pongs += 1;
    this.#ws.pong(data, false, this.#onPongSent);
  }

  readonly #onPongSent = (): void => {
    this.#pongs -= 1;
    const ping = this.#ping;
    this.#ping = undefined;
    if (ping) this.#pong(ping);
  };

  /** Takes what the client did against the protocol. */
  #onError(error: Error): void {
    const { code = NO_CLOSE_FRAME } = this.#ws.closedWith ?? {};
    this.#exchange.error ||= closeError(code, error.message);
    const event = Object.assign(new Event('error'), { error, message: error.message });
    this.#inContext(() => this.#events.error(event));
  }

  async #onClose(code: number, reason: string): Promise<void> {
    const isComplete = code !== NO_CLOSE_FRAME;
    if (!isComplete) this.#waiting.length = 0;
    // What came before the close comes to the app before it.
    if (this.#waiting.length > 0)
      await new Promise<void>((resolve) => {
        this.#onNoneWaiting = resolve;
      });
    const { closedWith = { code, reason } } = this.#ws;
    if (isComplete) this.#exchange.error ||= closeError(closedWith.code, closedWith.reason);
    // Node 22 has no CloseEvent.
    const event = Object.assign(new Event('close'), { code, reason, wasClean: isComplete });
    await this.#inContext(() => this.#events.close(event));
    this.#exchange.endUpgrade(isComplete);
  }

  #cut(reason: string): void {
    this.#exchange.error ||= reason;
    this.#ws.terminate();
  }
}

/** What a request for a WebSocket and its route have decided, until the protocols are switched. */
interface Handshake {
  exchange: Exchange;
  c: Context;
  events: WebSocketEvents;
  protocols: readonly string[] | undefined;
  pingInterval: number;
  /** Calls back in the async context of the route's handler. */
  inContext: ReturnType<typeof AsyncLocalStorage.snapshot>;
  /** The lines of the response's header. */
  lines: string[];
}

const handshakes = new WeakMap<IncomingMessage, Handshake>();

/** Makes the server for WebSockets that take messages of up to so many bytes. */
const makeServer = (maxPayload: number) =>
  new WebSocketServer({
    ...serverOptions,
    maxPayload,
    WebSocket: ServerWebSocket,
    handleProtocols: (offered, incoming) =>
      chosenProtocol(offered, handshakes.get(incoming)?.protocols) ?? false,
  })
    .on('wsClientError', ({ message }, _, incoming) =>
      handshakes.get(incoming)?.exchange.fail(400, message),
    )
    .on('headers', (headers, incoming) => headers.push(...(handshakes.get(incoming)?.lines ?? [])));

type Server = ReturnType<typeof makeServer>;

const servers = new Map<number, Server>();

const serverFor = (maxPayload: number): Server => {
  const server = servers.get(maxPayload) ?? makeServer(maxPayload);
  servers.set(maxPayload, server);
  return server;
};

/** Switches protocols; undefined if the handshake got another response, or the client has left. */
const takeOver = (handshake: Handshake, server: Server): OpenWebSocket | undefined => {
  const { incoming } = handshake.exchange;
  let opened: OpenWebSocket | undefined;
  server.handleUpgrade(incoming, incoming.socket, Buffer.alloc(0), (ws) => {
    opened = new OpenWebSocket(ws, handshake);
  });
  return opened;
};

/**
 * Handles a request for a WebSocket: the connection then goes on as one. Other requests go on to the
 * next handler.
 * @param createEvents makes what is called for the events of the WebSocket
 * @see https://hono.dev/docs/helpers/websocket
 */
export const upgradeWebSocket = defineHelper((c, events, given) => {
  const exchange = exchangeOf(c);
  if (!(exchange instanceof Exchange)) return refuse(c, 426, 'no WebSocket can be served here'); // in process, or on Lambda
  const refused = refusal(exchange.incoming);
  if (refused) return refuse(c, ...refused);
  if (!exchange.keepsRest) return refuse(c, 426, 'the connection cannot be taken over');
  const { maxMessageBytes, protocols, pingInterval } = withDefaults(given);
  const inContext = AsyncLocalStorage.snapshot();
  const handshake = { exchange, c, events, protocols, pingInterval, inContext, lines: [] };
  handshakes.set(exchange.incoming, handshake);
  exchange.takeOver = (lines) =>
    takeOver(Object.assign(handshake, { lines }), serverFor(maxMessageBytes));
  // A Response can't have status 101 (https://fetch.spec.whatwg.org/#dom-response). The exchange
  // switches protocols in place of this one, unless a middleware responds in another way.
  return c.body(null, 200, { Upgrade: 'websocket' });
});
