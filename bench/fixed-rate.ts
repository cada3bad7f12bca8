import { once } from 'node:events';
import { connect } from 'node:net';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/**
 * Sends requests at fixed times, whether or not earlier ones have had their response, and returns
 * the latencies in milliseconds, sorted, each counted from the time its request was due. That way a
 * stall counts for every request that it delays ("coordinated omission" in wrk2's README). h2load
 * sends in bursts of 10 ms, autocannon in bursts of a second, and wrk has no fixed rate.
 * @param body the response's body
 */
export const fixedRate = async (
  port: number,
  body: string,
  { rate, seconds, connections }: { rate: number; seconds: number; connections: number },
): Promise<Float64Array> => {
  const latencies = new Float64Array(rate * seconds);
  // Without a length, the response ends with an empty chunk.
  const tails = [Buffer.from(body), Buffer.from('0\r\n\r\n')];
  let sent = 0;
  let received = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();

  const open = async () => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    await once(socket, 'connect');
    const connection = { socket, due: 0 };
    socket.on('close', () => reject(new Error('The server closed a connection.')));
    socket.on('data', (chunk: Buffer) => {
      if (!tails.some((tail) => chunk.subarray(-tail.length).equals(tail))) return;
      latencies[received++] = performance.now() - connection.due;
      if (received === latencies.length) resolve();
      else idle.push(connection);
    });
    return connection;
  };
  const all = await Promise.all(Array.from({ length: connections }, open));
  const idle = [...all];

  const startedAt = performance.now();
  const sendDue = () => {
    const now = performance.now();
    while (sent < latencies.length) {
      const due = startedAt + (sent * 1000) / rate;
      const connection = due <= now && idle.shift();
      if (!connection) break;
      connection.due = due;
      connection.socket.write(REQUEST);
      sent += 1;
    }
    if (sent < latencies.length) setImmediate(sendDue);
  };
  sendDue();
  await promise;
  for (const { socket } of all) socket.removeAllListeners('close').destroy();
  return latencies.sort();
};
