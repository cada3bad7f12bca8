import type { Received } from '@edge-ping/serve-testing/client';
import { type RawConnection, rawConnection } from './raw.ts';
import { health } from './targets.ts';

const BATCH = 100; // as many as a connection may have due

/** The request that makes up the load, as it goes over the wire. */
export const healthRequest = `GET ${health.path} HTTP/1.1\r\nHost: h\r\n\r\n`;

/** The same, with a record of two kilobytes. */
export const longRequest = `GET ${health.path}?${'q'.repeat(1_024)} HTTP/1.1\r\nHost: h\r\nUser-Agent: ${'u'.repeat(1_024)}\r\n\r\n`;

/** Resolves to the next response; rejects if it isn't the one that the load is owed. */
const healthResponse = async (connection: RawConnection): Promise<Received> => {
  const response = await connection.response();
  if (response.status !== 200 || response.body !== health.body)
    throw new Error(JSON.stringify(response));
  return response;
};

/** Sends GET requests, pipelined on one connection; resolves when all have their response. */
export const pipeline = async (
  port: number,
  requests: number,
  request = healthRequest,
): Promise<void> => {
  const connection = rawConnection(port);
  for (let sent = 0; sent < requests; sent += BATCH) {
    const count = Math.min(BATCH, requests - sent);
    connection.write(request.repeat(count));
    for (let received = 0; received < count; received += 1) await healthResponse(connection);
  }
  connection.socket.destroy();
};

/**
 * Sends a request as soon as the last one has its response, on one connection, until a response
 * says `Connection: close` and the server ends the connection; rejects if it ends in any other way.
 */
export const visit = async (port: number, onResponse: () => void): Promise<void> => {
  const connection = rawConnection(port);
  let response: Received;
  do {
    connection.write(healthRequest);
    response = await healthResponse(connection);
    onResponse();
  } while (response.headers.connection !== 'close');
  const rest = await connection.end();
  connection.socket.destroy();
  if (rest) throw new Error(`more than was asked for: ${rest}`);
};
