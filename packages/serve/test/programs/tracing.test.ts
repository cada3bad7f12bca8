import { expect, test } from 'vitest';
import { rawConnection } from '../support/raw.ts';
import { start } from './start.ts';

test('each record has the trace that the service itself began for its request, also where requests wait for others', async () => {
  const server = await start('opentelemetry', 'library');
  const connection = rawConnection(server.port);
  const get = 'GET /trace-id HTTP/1.1\r\nHost: h\r\n\r\n';
  const post = 'POST /trace-id HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc';
  const ids: string[] = [];
  for (const requests of [[get], [get, get, post, get], [post], [post, get]]) {
    connection.write(requests.join(''));
    for (const _ of requests) ids.push((await connection.response()).body);
  }
  connection.socket.end();
  expect(await server.stop()).toBe(0);
  const lines: { trace_id?: string; uri?: string }[] = server.stdout.map((line) =>
    JSON.parse(line),
  );
  const records = lines.filter(({ uri }) => uri);
  expect(records.map(({ trace_id }) => trace_id)).toEqual(ids);
  expect(new Set(ids).size).toBe(8);
});
