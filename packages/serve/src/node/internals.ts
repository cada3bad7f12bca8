import { IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Server as NetServer, Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

// All that leans on what is not public in Node and in @hono/node-server. Each has a fallback, and
// test/internals.test.ts fails first when it goes.

/**
 * Lets the parser of a connection leave alone what else it has read. Else it would make objects of
 * all of it, some 2,000 requests. Without the parser's callback they are made, and dropped.
 */
export const stopParsing = (socket: Socket): void => {
  const onIncoming = (incoming: { upgrade: boolean }): number => {
    incoming.upgrade = false; // or Node would look for an 'upgrade' listener, and destroy the socket
    return 2; // as after an Upgrade
  };
  Object.assign(Reflect.get(socket, 'parser') ?? {}, { onIncoming });
};

/**
 * Takes the parser off a connection, which then speaks another protocol: a listener of 'data' detaches
 * it where it reads by itself, and this is its own for where it doesn't. What Node does so for an
 * 'upgrade' listener, it does before the app is asked, and to requests that the app does not upgrade.
 */
export const detachParser = (socket: Socket): void => {
  socket.removeAllListeners('data');
};

const drop = () => {};

/** How many bytes of what was written the kernel has taken; without the handle, what the socket has. */
export const bytesTaken = (socket: Socket): number => {
  const { bytesWritten, writeQueueSize } = Reflect.get(socket, '_handle') ?? {};
  return Number.isInteger(bytesWritten - writeQueueSize)
    ? bytesWritten - writeQueueSize
    : socket.bytesWritten - socket.writableLength;
};

/**
 * Lets a function of ours end the connection after its last response, where Node would close the
 * socket: without the hook, responses to clients that still send are lost.
 */
export const onLastResponse = (socket: Socket, end: () => void): void => {
  socket.destroySoon = end;
};

/**
 * Lets a response forget which of the connection's fields were taken off its header: Node would leave
 * out its own, too, and the client would not know that the connection ends, or where the body does.
 */
export const forgetRemoved = (response: ServerResponse): void => {
  Object.assign(response, { _removedConnection: false, _removedTE: false, _removedContLen: false });
};

/**
 * Stops listening, and nothing else: http's own close() cuts idle connections at once, which a
 * proxy may just be reusing, and stops the clock of the time limits.
 */
export const stopListening = (server: Server): void => {
  NetServer.prototype.close.call(server);
};

// What the parts of a Response are kept under by @hono/node-server, whose Response replaces the
// global one when its listener is made.
let partsKey: symbol | undefined;
let partsClass: unknown;

/**
 * The status, the body and the header fields that a Response of @hono/node-server's was made of.
 * Undefined for others; then its properties have them, which costs a third of the throughput, and
 * what a native Response does not take, such as a body with 204, is a 500.
 */
export const partsOf = (response: Response): [number, unknown, unknown] | undefined => {
  if (partsClass !== Response) {
    partsClass = Response;
    [partsKey] = Object.getOwnPropertySymbols(new Response(null));
  }
  const parts: unknown = partsKey && Reflect.get(response, partsKey);
  return Array.isArray(parts) ? (parts as [number, unknown, unknown]) : undefined;
};

/** As much of a reader as is used. */
type Reader = Pick<ReadableStreamDefaultReader, 'closed' | 'read' | 'cancel'>;

/**
 * A body that hands out a given reader. @hono/node-server takes nothing else of it, and each chunk
 * would pass through a stream around the reader once more. To what reads in another way, it is such a
 * stream.
 */
export const readerBody = (reader: Reader): ReadableStream => {
  const source = {
    async pull(controller: ReadableStreamDefaultController) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: reader.cancel,
  };
  const body = new ReadableStream(source, { highWaterMark: 0 });
  return Object.assign(body, { getReader: () => reader });
};

/**
 * Lets a terminal take output like a pipe, when it has room. Node writes to one synchronously, so that
 * a reader that stops (Ctrl-S, a paused `docker attach`) would stop the server.
 */
export const unblock = (stream: Writable): void => {
  Reflect.get(stream, '_handle')?.setBlocking?.(false);
};

// What @hono/node-server aborts a request's signal with when the client leaves, and fails its body with.
const aborts = new Set(['Client connection prematurely closed.', 'aborted', 'Error: aborted']);

/** Whether an error only says that the client has left. */
export const isAbort = (thrown: unknown): boolean => {
  try {
    const { name, message = thrown } = Object(thrown);
    return name === 'AbortError' || aborts.has(message);
  } catch {
    return false; // a getter may throw
  }
};

const { on, push } = IncomingMessage.prototype;

type State = Record<'ended' | 'endEmitted' | 'destroyed' | 'closed' | 'closeEmitted', boolean>;

/** The state of a request that `optimizeEmptyRequests` has taken the events of, where a Node has that option. */
const skippedState = (incoming: IncomingMessage): State | undefined => {
  const state: State | undefined = Reflect.get(incoming, '_readableState');
  return state?.closeEmitted ? state : undefined;
};

/** Makes a request what it would be without the option. */
const restoreEvents = (incoming: IncomingMessage): void => {
  Object.assign(incoming, { on, addListener: on, _consuming: false, _dumped: false });
  Object.assign(Reflect.get(incoming, '_readableState'), { ended: false, endEmitted: false });
  if (incoming.complete) push.call(incoming, null);
};

/** Does so when somebody listens. */
function listen(this: IncomingMessage, ...given: Parameters<typeof on>): IncomingMessage {
  restoreEvents(this);
  return on.apply(this, given);
}

/**
 * Lets a request without a body emit 'end' and 'close' when Node would, if somebody listens: with
 * `optimizeEmptyRequests` it is destroyed from the start, and emits nothing. Own properties, because
 * an app may replace the prototype. Where a body may be read, as of a DELETE, it must not seem to have
 * been read already.
 */
export const skipEvents = (incoming: IncomingMessage): void => {
  const state = skippedState(incoming);
  if (!state) return;
  state.destroyed = false;
  state.closed = false;
  state.closeEmitted = false;
  if (incoming.method !== 'GET' && incoming.method !== 'HEAD') {
    restoreEvents(incoming);
    return;
  }
  const lazy = incoming as unknown as Record<'on' | 'addListener', typeof listen>;
  lazy.on = listen;
  lazy.addListener = listen;
};

/** Whether it can do so. */
export const canSkipEvents =
  'closeEmitted' in Object(Reflect.get(new IncomingMessage(new Socket()), '_readableState'));

const ON_EXECUTE = 5; // HTTPParser.kOnExecute

/**
 * Takes the parser off a connection behind the request that it is parsing, and leaves what comes behind
 * it on the socket, until somebody listens: another protocol may begin there. Node does so for an 'upgrade'
 * listener, but before the app is asked, and to requests that the app does not upgrade.
 * @returns whether it can: else what came with the request would be lost
 */
export const keepRest = (socket: Socket): boolean => {
  const parser: object = Reflect.get(socket, 'parser') ?? {};
  if (typeof Reflect.get(parser, ON_EXECUTE) !== 'function') return false;
  const onExecute = (parsed: number) => {
    const rest = Buffer.from(Reflect.get(parser, 'getCurrentBuffer').call(parser).subarray(parsed));
    detachParser(socket);
    socket.on('data', drop).off('data', drop);
    socket.unshift(rest);
    // Node may have stopped reading for responses that wait, and would go on by itself.
    Object.assign(socket, { _paused: false, readableFlowing: null });
    if (Reflect.get(socket, '_handle')?.reading === false) socket._read(0);
  };
  Object.assign(parser, { [ON_EXECUTE]: onExecute });
  return true;
};

let gc: unknown;

/**
 * Lets V8 collect what is not used any more: by itself it does not, for want of memory outside of its
 * heap. Without its function, nothing is collected earlier.
 */
export const collectGarbage = (): void => {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = Reflect.get(runInNewContext('globalThis'), 'gc') ?? null;
  }
  if (typeof gc === 'function') gc();
};
