import { once } from 'node:events';
import { connect } from 'node:net';

const REQUEST = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const BATCH = 500;

/** Sends GET requests, pipelined on one connection; resolves when all have had a whole answer. */
export const pipeline = async (port: number, requests: number): Promise<void> => {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let tail = '';
  let answers = 0;
  for (let sent = 0; sent < requests; sent += BATCH) {
    const count = Math.min(BATCH, requests - sent);
    socket.write(REQUEST.repeat(count));
    while (answers < sent + count) {
      const [chunk] = await once(socket, 'data');
      const parts = (tail + chunk).split('Hello, Docker! <3');
      answers += parts.length - 1;
      tail = parts.at(-1) ?? '';
    }
  }
  socket.destroy();
};

/** What a client saw that asks again as soon as it has its answer, until it is told to go. */
export interface Visit {
  answers: number;
  /** Whether the last answer said `Connection: close`, and the server then ended the connection. */
  farewell: boolean;
}

/** Asks again and again on one connection until the server ends it; rejects on a broken answer. */
export const visit = (port: number, onAnswer: () => void = () => {}): Promise<Visit> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1').setEncoding('latin1');
    let text = '';
    let answers = 0;
    let farewell = false;
    socket
      .on('connect', () => socket.write(REQUEST))
      .on('data', (chunk) => {
        text += chunk;
        if (!text.endsWith('\r\n\r\nHello, Docker! <3')) return;
        answers += 1;
        farewell = /^connection: close\r$/im.test(text);
        text = '';
        onAnswer();
        if (!farewell) socket.write(REQUEST);
      })
      .on('error', reject)
      .on('close', () => {
        if (text) reject(new Error(`half an answer: ${text}`));
        resolve({ answers, farewell });
      });
  });
