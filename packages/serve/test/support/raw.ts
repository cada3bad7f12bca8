import { connect, type Socket } from 'node:net';
import type { Received } from '@edge-ping/serve-testing/client';

/** Cuts the first response off what came; while it is incomplete, says how long the text must be at least. */
export const cutResponse = (text: string, isHead: boolean): [Received, string] | number => {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text.length + 1;
  const [statusLine = '', ...fields] = text.slice(0, end).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(statusLine)?.[1]);
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`);
  const headers: Record<string, string> = {};
  for (const field of fields) {
    const [, name, value] = /^([^:\s]+): (.*)$/.exec(field) ?? [];
    if (!name || value === undefined) throw new Error(`not a field: ${JSON.stringify(field)}`);
    headers[name.toLowerCase()] = value;
  }
  const noBody = isHead || status < 200;
  const length = noBody ? 0 : Number(headers['content-length']);
  if (Number.isNaN(length)) throw new Error(`a response without a length: ${text.slice(0, end)}`);
  const rest = text.slice(end + 4);
  if (rest.length < length) return end + 4 + length;
  return [{ status, headers, body: rest.slice(0, length) }, rest.slice(length)];
};

/** A TCP connection that sends what it is told and never closes by itself. */
export interface RawConnection {
  socket: Socket;
  /** Sends bytes, a character each. */
  write(bytes: string): void;
  /** Resolves to the next complete response; rejects when the connection ends before it. */
  response(method?: string): Promise<Received>;
  /** Resolves to what has come beyond the responses taken, once the server has ended the connection. */
  end(): Promise<string>;
}

/** Opens a connection to the loopback interface. */
export const rawConnection = (port: number): RawConnection => {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).setEncoding('latin1');
  let text = '';
  let ended = false;
  let error: Error | undefined;
  let wake = () => {};
  socket
    .on('data', (chunk) => {
      text += chunk;
      wake();
    })
    .on('end', () => {
      ended = true;
      wake();
    })
    .on('error', (cause) => {
      error = cause;
      wake();
    })
    .on('close', () => {
      ended = true;
      wake();
    });
  const change = () =>
    new Promise<void>((resolve) => {
      wake = resolve;
    });
  return {
    socket,
    write: (bytes) => socket.write(bytes, 'latin1'),
    async response(method = 'GET') {
      let needed = 0; // to search a large text for each part of it would take long
      for (;;) {
        const cut = text.length < needed ? needed : cutResponse(text, method === 'HEAD');
        if (typeof cut !== 'number') {
          text = cut[1];
          return cut[0];
        }
        needed = cut;
        if (error) throw error;
        if (ended)
          throw new Error(`ended before the response was complete: ${JSON.stringify(text)}`);
        await change();
      }
    },
    async end() {
      while (!ended) await change();
      if (error) throw error;
      return text;
    },
  };
};

/** Sends zeros for as long as they are taken; resolves to how many were, when the connection is closed. */
export const flood = async ({ socket }: RawConnection): Promise<number> => {
  const zeros = Buffer.alloc(65_536);
  const goOn = () => {
    while (socket.writable && socket.write(zeros));
  };
  socket.on('drain', goOn);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  goOn();
  await closed;
  return socket.bytesWritten - socket.writableLength;
};
