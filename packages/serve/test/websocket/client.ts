import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { type ClientOptions, type RawData, WebSocket } from 'ws';

/** A WebSocket's client, and what it has received so far. */
export const openSocket = async (
  url: string,
  protocols: string[] = [],
  options: ClientOptions = {},
) => {
  const ws = new WebSocket(url.replace(/^http/, 'ws'), protocols, options);
  const received: (string | Uint8Array)[] = [];
  const arrivals = new Set<() => void>();
  const wake = () => {
    for (const arrival of arrivals) arrival();
  };
  ws.on('message', (data: RawData, isBinary) => {
    received.push(isBinary ? Uint8Array.from(data as Buffer) : String(data));
    wake();
  });
  const closed = once(ws, 'close').then(([code, reason]): [number, string] => [
    code,
    String(reason),
  ]);
  closed.finally(wake).catch(() => {});
  const [response]: IncomingMessage[] = await once(ws, 'upgrade');
  if (ws.readyState === WebSocket.CONNECTING) await once(ws, 'open');
  return {
    ws,
    headers: response?.headers ?? {},
    received,
    closed,
    /** Resolves once so many messages have come. */
    async messages(count: number): Promise<void> {
      while (received.length < count && ws.readyState !== WebSocket.CLOSED)
        await new Promise<void>((resolve) => {
          arrivals.add(resolve);
        });
    },
  };
};
