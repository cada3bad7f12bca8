import type { Server, ServerResponse } from 'node:http';
import { Server as NetServer, type Socket } from 'node:net';
import type { Writable } from 'node:stream';

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
