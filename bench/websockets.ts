import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/** A short text message as it goes over the wire; a client's has a mask, of zeros here (RFC 6455, section 5.2). */
const frame = (text: string, mask: Buffer): Buffer =>
  Buffer.concat([Buffer.of(0x81, (mask.length ? 0x80 : 0) + text.length), mask, Buffer.from(text)]);

/**
 * Opens WebSockets to a server that echoes, and sends on each a message as soon as it has the last
 * one back, for so many seconds.
 * @param text less than 126 bytes of ASCII
 * @returns the number of messages that came back
 */
export const echo = async (
  port: number,
  {
    path,
    text,
    clients,
    seconds,
  }: { path: string; text: string; clients: number; seconds: number },
): Promise<number> => {
  const sent = frame(text, Buffer.alloc(4));
  const expected = frame(text, Buffer.alloc(0));
  let messages = 0;
  const { promise: failed, reject } = Promise.withResolvers<never>();

  const open = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    const key = Buffer.alloc(16).toString('base64');
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
    const [head] = await once(socket, 'data');
    if (!String(head).startsWith('HTTP/1.1 101')) throw new Error(String(head));
    socket.on('close', () => reject(new Error('The server closed a WebSocket.')));
    socket.on('data', (message: Buffer) => {
      if (!message.equals(expected)) return reject(new Error(`wrong echo: ${message}`));
      messages += 1;
      socket.write(sent);
    });
    return socket;
  };
  const sockets = await Promise.all(Array.from({ length: clients }, open));
  for (const socket of sockets) socket.write(sent);
  await Promise.race([failed, setTimeout(seconds * 1000)]);
  for (const socket of sockets) socket.removeAllListeners('close').destroy();
  return messages;
};
