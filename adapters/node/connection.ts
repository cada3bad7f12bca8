import type { Socket } from 'node:net';
import type { Exchange } from './exchange.ts';

const LINGER_MS = 1_000;

/** What the server knows of an open connection. */
export interface Connection {
  socket: Socket;
  /** The peer's address, kept because a destroyed socket no longer tells it. */
  peer: string;
  /** The exchange that began last. */
  latest?: Exchange;
  /** Its last answer is decided: what else the client sends is not served. */
  ending: boolean;
}

/** Reads on and forgets; a 'data' listener of one's own takes the socket from Node's HTTP parser. */
export const discardInput = (socket: Socket): void => {
  socket
    .removeAllListeners('data')
    .on('data', () => {})
    .resume();
};

/**
 * Ends a connection so that its last answer arrives. Node would close the socket with what the
 * client still sends unread, and the reset which that causes overtakes the answer (RFC 9112 §9.6).
 */
export const linger = (socket: Socket): void => {
  discardInput(socket);
  socket.end(() => {
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
  });
};

/** Makes the answer to the latest request the connection's last, unless its header is already out. */
export const closeAfterAnswer = (connection: Connection): void => {
  if (!connection.latest || connection.latest.headersSent) return;
  connection.latest.setHeader('Connection', 'close');
  connection.ending = true;
};
