import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LINGER_MS = 1_000;

const byteLength = (chunk: unknown): number =>
  typeof chunk === 'string' || chunk instanceof Uint8Array ? Buffer.byteLength(chunk) : 0;

/** An answer under way, which knows what the access log asks; Node makes one for each request. */
export class Answer extends ServerResponse<IncomingMessage> {
  readonly startedAt = performance.now();
  error = ''; // the message of what the handler threw
  bytesOut = 0; // of the body, handed to the socket

  override write(chunk: unknown, encoding?: unknown, callback?: unknown): boolean {
    this.bytesOut += byteLength(chunk);
    return super.write(chunk, encoding as BufferEncoding, callback as () => void);
  }

  override end(chunk?: unknown, encoding?: unknown, callback?: unknown): this {
    this.bytesOut += byteLength(chunk);
    return super.end(chunk, encoding as BufferEncoding, callback as () => void);
  }
}

/** An open connection. */
export interface Connection {
  socket: Socket;
  peer: string; // its address, which a destroyed socket no longer tells
  latest: Answer | undefined; // until it has ended, with its request
  ending: boolean; // the last answer is decided, and what else comes is not served
}

/** Reads on and forgets: a 'data' listener of one's own takes the socket from Node's parser. */
export const discardInput = (socket: Socket) =>
  socket
    .removeAllListeners('data')
    .on('data', () => {})
    .resume();

/**
 * Ends a connection so that its last answer arrives. Node would close the socket with what the
 * client still sends unread, and the reset which that causes overtakes the answer (RFC 9112 §9.6).
 */
export const linger = (socket: Socket) =>
  discardInput(socket).end(() => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  });

/** Makes the answer to the latest request the connection's last, unless its header is out already. */
export const closeAfterAnswer = (connection: Connection): void => {
  if (!connection.latest || connection.latest.headersSent) return;
  connection.latest.setHeader('Connection', 'close');
  connection.ending = true;
};
