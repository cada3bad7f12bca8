import { once } from 'node:events';
import { connect } from 'node:net';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

/**
 * Sends requests at fixed times, whether or not those before are answered, and returns how long
 * after the time that each was due its answer came, in milliseconds, sorted. Counted so, a stall
 * delays all that it makes wait (wrk2's README, "coordinated omission"). h2load sends in bursts
 * of 10 ms, autocannon in bursts of a second, wrk at no fixed rate.
 * @param ending how each answer ends
 */
export const fixedRate = async (
  port: number,
  ending: string,
  { rate, seconds, connections }: { rate: number; seconds: number; connections: number },
): Promise<Float64Array> => {
  const latencies = new Float64Array(Math.round(rate * seconds));
  const tail = Buffer.from(ending);
  let sent = 0;
  let answered = 0;
  const { promise, resolve, reject } = Promise.withResolvers<void>();

  const open = async () => {
    const socket = connect(port, '127.0.0.1').setNoDelay();
    await once(socket, 'connect');
    const connection = { socket, due: 0 };
    socket.on('close', () => reject(new Error('the server closed a connection')));
    socket.on('data', (chunk: Buffer) => {
      if (!chunk.subarray(-tail.length).equals(tail)) return;
      latencies[answered++] = performance.now() - connection.due;
      if (answered === latencies.length) resolve();
      else idle.push(connection);
    });
    return connection;
  };
  const idle = await Promise.all(Array.from({ length: connections }, open));
  const all = [...idle];

  const begun = performance.now();
  const sendDue = () => {
    const now = performance.now();
    while (sent < latencies.length) {
      const due = begun + (sent * 1000) / rate;
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
