import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import { expect } from 'vitest';
import { healthRequest } from '../support/load.ts';
import { rawConnection } from '../support/raw.ts';
import { openSocket } from '../websocket/client.ts';

const PROBE_PERIOD_MS = 5_000; // as in deploy/kubernetes.yaml

/** A server that is attacked. */
export interface AttackedServer {
  url: string;
  port: number;
  stderr: string[];
  ended: Promise<unknown>;
  stop(): Promise<unknown>;
}

/** Runs an attack in a process of its own, until it is stopped. */
const begin = (name: string, port: number) => {
  const attacker = run(['node', join(import.meta.dirname, 'attack.ts'), name, String(port)]);
  return async () => {
    attacker.child.kill();
    await attacker.ended;
  };
};

/** Clients that mean well. Each goes on until the signal, and rejects if it is not served. */
const clients: Record<string, (port: number, signal: AbortSignal) => Promise<void>> = {
  async 'a kept connection with a request every 5 s'(port, signal) {
    let connection = rawConnection(port);
    const ask = async () => {
      // One that is idle may be closed at any time (RFC 9112 §9.5), and is where a burst takes them all.
      const { readableEnded, destroyed } = connection.socket;
      if (readableEnded || destroyed) connection = rawConnection(port);
      connection.write(healthRequest);
      expect((await connection.response()).status).toBe(200);
    };
    for (let requests = 0; requests === 0 || !signal.aborted; requests += 1) {
      await ask();
      await sleep(requests < 3 ? 100 : 5_000, undefined, { signal }).catch(() => {});
    }
    await ask();
    connection.socket.destroy();
  },
  async 'uploads of 40 s, in lines of 40 bytes'(port, signal) {
    while (!signal.aborted) {
      const connection = rawConnection(port);
      connection.write('POST /read HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n');
      for (let lines = 0; lines < 800 && !signal.aborted; lines += 1) {
        connection.write(`28\r\n${'x'.repeat(40)}\r\n`);
        await sleep(50);
      }
      connection.write('0\r\n\r\n');
      expect((await connection.response()).status).toBe(200);
      connection.socket.destroy();
    }
  },
  'a reader of 64 kB/s': (port, signal) => read('/large?bytes=8000000', 64, port, signal),
  'a reader of a stream with 64 kB/s': (port, signal) =>
    read('/large-stream?bytes=50000000', 64, port, signal),
  'a reader of a stream with 256 kB/s': (port, signal) =>
    read('/large-stream?bytes=50000000', 256, port, signal),
  async 'a WebSocket with a message each 0.1 s'(port, signal) {
    const { ws, received, messages } = await openSocket(`http://127.0.0.1:${port}/ws/echo`);
    while (!signal.aborted) {
      ws.send('hello');
      await messages(received.length + 1);
      expect(ws.readyState).toBe(ws.OPEN);
      await sleep(100);
    }
    ws.close();
  },
};

/** Reads a response with so many kilobytes a second. */
const read = async (path: string, rate: number, port: number, signal: AbortSignal) => {
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`);
  const bytes = Number(path.split('=')[1]);
  let read = 0;
  for await (const chunk of socket) {
    read += chunk.length;
    if (signal.aborted || read >= bytes) return;
    await sleep(chunk.length / rate);
  }
  throw new Error(`cut after ${read} bytes`);
};

/** Starts 20 kept connections and one of each other client; gives what ends them, and fails if one was cut. */
const behave = (server: AttackedServer) => {
  const ending = new AbortController();
  const all = Object.entries(clients).flatMap(([name, go]) =>
    Array.from({ length: name.startsWith('a kept') ? 20 : 1 }, () =>
      go(server.port, ending.signal).catch((cause) => {
        throw new Error(`${name}: ${server.stderr.slice(-4)}`, { cause });
      }),
    ),
  );
  const ended = Promise.all(all);
  ended.catch(() => {}); // until it is waited for
  return async () => {
    ending.abort();
    await ended;
  };
};

/** Asks as kubelet does, which gives up at the third failure in a row: a new connection may be lost among thousands. */
const probe = async (server: AttackedServer, path: string, attempts = 3) => {
  try {
    return await send(server.url, { path });
  } catch (cause) {
    if (attempts > 1) {
      await sleep(PROBE_PERIOD_MS);
      return probe(server, path, attempts - 1);
    }
    const exitCode = await Promise.race([server.ended, sleep(5_000, 'not ended')]);
    throw new Error(`${exitCode}: ${server.stderr.slice(-40).join('\n')}`, { cause });
  }
};

/**
 * Attacks a server beside clients that mean well, and expects that it serves them all and probes, and
 * ends when it is told.
 * @param seconds for how long it is attacked
 * @returns the peak of its memory in megabytes
 */
export const withstand = async (
  server: AttackedServer,
  name: string,
  seconds: number,
): Promise<number> => {
  const endClients = behave(server);
  await sleep(1_000); // until they are proven: a new upload that stalls gives way
  const stop = begin(name, server.port);
  for (let count = 0; count < seconds * 5; count += 1) {
    expect((await probe(server, '/health')).status).toBe(200);
    await sleep(200);
  }
  await stop();
  await endClients();
  const { body } = await probe(server, '/peak-memory');
  expect([0, 1]).toContain(await server.stop()); // 1 if it had to cut what the attack holds
  return Math.round(Number(body) / 2 ** 20);
};
