import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Context, ExecutionContext } from 'hono';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { NO_MEMORY } from '../node/connection.ts';
import { detachParser } from '../node/internals.ts';
import {
  type LoggedResponse,
  type OutgoingOwner,
  outgoingOf,
  type Upgraded,
} from '../node/response.ts';
import {
  asksForWebSocket,
  chosenProtocol,
  closeError,
  defineHelper,
  eventCaller,
  refuse,
  type WebSocketEvents,
  withDefaults,
} from './websocket.ts';

export type { WebSocketEvents, WebSocketMessageEvent, WebSocketOptions } from './websocket.ts';

const MAX_UNSENT_BYTES = 1_048_576; // that wait for a client when a message more is sent
const PART_BYTES = 256; // that a frame, or a piece of one, takes in memory while it waits, beside its own
const MAX_PONGS = 16; // that wait; more pings at a time get one pong together
const MAX_FRAMES = 512; // of a piece of up to 64 KiB, in one turn of the event loop

const serverOptions = {
  noServer: true,
  clientTracking: false,
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

/** Node's response to a request; undefined in process and on Lambda, where no connection can go on. */
const outgoingFor = (c: Context): LoggedResponse | undefined => {
  try {
    const owner: ExecutionContext & Partial<OutgoingOwner> = c.executionCtx;
    return owner[outgoingOf];
  } catch {
    return undefined; // Hono throws where there is no execution context
  }
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
  readonly #outgoing: LoggedResponse;
  readonly #socket: Socket;
  readonly #pingInterval: number;
  readonly #events: ReturnType<typeof eventCaller>;
  #unsent = 0; // frames that wait for the client
  #taken: number; // bytes from the client that are not part of an unfinished message,
  #parts = 0; // and the pieces in which those that are have come
  #pingedAt = performance.now();
  #readAtPing = -1;
  #messages = 0; // of the latest piece,
  #controls = 0; // and its pings and pongs
  #pongs = 0; // that wait for the client
  #ping: Buffer | undefined; // the latest without a pong

  constructor(
    ws: ServerWebSocket,
    outgoing: LoggedResponse,
    c: Context,
    events: WebSocketEvents,
    pingInterval: number,
  ) {
    this.#ws = ws;
    this.#outgoing = outgoing;
    this.#socket = outgoing.req.socket;
    this.#pingInterval = pingInterval;
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
    this.#events = eventCaller(c, events, connection, (error) => outgoing.addError(error));
    ws.binaryType = 'arraybuffer';
    ws.on('message', (data) => this.#onMessage(data))
      .on('ping', (data) => this.#onPing(data))
      .on('pong', (data) => this.#onControl(data))
      .on('error', (error) => this.#onError(error))
      .on('close', (code, reason) => this.#onClose(code, reason.toString()));
    this.#socket.on('data', ({ length }) => this.#onPiece(length)); // behind the listener of ws
  }

  get held(): number {
    return this.#socket.bytesRead - this.#taken + (this.#parts + this.#unsent) * PART_BYTES;
  }

  open(): void {
    this.#events.open();
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
    else if (!this.#outgoing.hasRoom(bytes + PART_BYTES)) this.#cut(NO_MEMORY);
    else {
      this.#unsent += 1;
      this.#outgoing.addBytesOut(bytes);
      this.#ws.send(data, this.#onSent);
    }
  }

  readonly #onSent = (): void => {
    this.#unsent -= 1;
  };

  /** Takes note of what the network has delivered, whose frames have come. */
  #onPiece(length: number): void {
    const { bytesRead } = this.#socket;
    if (bytesRead > this.#taken) this.#parts += 1;
    else {
      // No message is unfinished. What came in one piece with a message is counted with it, too.
      this.#parts = 0;
      this.#taken = bytesRead;
    }
    if (!this.#outgoing.hasRoom(length + PART_BYTES)) this.#cut(NO_MEMORY);
    else if (this.#controls > MAX_FRAMES) this.#cut('too many pings');
    else if (this.#messages > MAX_FRAMES) {
      this.#ws.pause(); // or Node reads on, and keeps the other connections waiting
      setImmediate(() => this.#ws.resume());
    }
    this.#messages = 0;
    this.#controls = 0;
  }

  #onMessage(data: RawData): void {
    this.#messages += 1;
    this.#taken = this.#socket.bytesRead;
    this.#parts = 0;
    const message = data instanceof ArrayBuffer ? data : String(data);
    this.#outgoing.bytesIn += Buffer.byteLength(message);
    this.#events.message(message);
  }

  /** Takes note of a ping or pong, which may come within a message. */
  #onControl({ length }: Buffer): void {
    this.#taken += 6 + length;
    this.#controls += 1;
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
    this.#outgoing.error ||= closeError(code, error.message);
    this.#events.error(Object.assign(new Event('error'), { error, message: error.message }));
  }

  async #onClose(code: number, reason: string): Promise<void> {
    const isComplete = code !== NO_CLOSE_FRAME;
    const { closedWith = { code, reason } } = this.#ws;
    if (isComplete) this.#outgoing.error ||= closeError(closedWith.code, closedWith.reason);
    // Node 22 has no CloseEvent.
    const event = Object.assign(new Event('close'), { code, reason, wasClean: isComplete });
    await this.#events.close(event);
    this.#outgoing.endUpgrade(isComplete);
  }

  #cut(reason: string): void {
    this.#outgoing.error ||= reason;
    this.#ws.terminate();
  }
}

/**
 * Handles a request for a WebSocket: the connection then goes on as one. Other requests get 426.
 * @param createEvents makes what is called for the events of the WebSocket
 * @see https://hono.dev/docs/helpers/websocket
 */
export const upgradeWebSocket = defineHelper((c, events, given) => {
  const outgoing = outgoingFor(c);
  if (!asksForWebSocket(c) || outgoing?.method !== 'GET')
    return refuse(c, 426, 'the route is for a WebSocket');
  const refused = refusal(outgoing.req);
  if (refused) return refuse(c, ...refused);

  const { maxMessageBytes, protocols, pingInterval } = withDefaults(given);
  outgoing.takeOver = (lines) => {
    const { req } = outgoing;
    let opened: ServerWebSocket | undefined;
    new WebSocketServer({
      ...serverOptions,
      maxPayload: maxMessageBytes,
      WebSocket: ServerWebSocket,
      handleProtocols: (offered) => chosenProtocol(offered, protocols) ?? false,
    })
      .on('wsClientError', ({ message }) => outgoing.fail(400, message))
      .on('headers', (headers) => {
        headers.push(...lines);
        detachParser(req.socket);
      })
      .handleUpgrade(req, req.socket, Buffer.alloc(0), (ws) => {
        opened = ws;
      });
    return opened && new OpenWebSocket(opened, outgoing, c, events, pingInterval);
  };
  return c.body(null, 200, { Upgrade: 'websocket' });
});
