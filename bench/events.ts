import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';

/**
 * Opens streams of server-sent events and waits until each has its first event.
 * @returns how many events have come until now, and what closes the streams
 */
export const openEventStreams = async (port: number, path: string, clients: number) => {
  let events = 0;
  const open = async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const [head] = await once(socket, 'data');
    if (!String(head).startsWith('HTTP/1.1 200')) throw new Error(String(head));
    // Each event ends with an empty line; the lines of HTTP end with \r\n.
    socket.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf('\n\n'); at >= 0; at = chunk.indexOf('\n\n', at + 2)) events += 1;
    });
    return socket;
  };
  const sockets = await Promise.all(Array.from({ length: clients }, open));
  return {
    /** Resolves, after so many seconds, to the number of events that came in them. */
    async receive(seconds: number): Promise<number> {
      const before = events;
      await setTimeout(seconds * 1000);
      return events - before;
    },
    close() {
      for (const socket of sockets) socket.destroy();
    },
  };
};
