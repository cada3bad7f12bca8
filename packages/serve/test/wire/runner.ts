import { STATUS_CODES } from 'node:http';
import type { ServerProcess } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { rawConnection } from '../support/raw.ts';
import { wire } from './cases.ts';

/**
 * Declares a test for each case of the wire's table, against a server on the loopback interface
 * that nobody else talks to.
 */
export const wireTests = (server: () => ServerProcess, cases = wire): void => {
  describe.concurrent('on the wire', () => {
    test.for(cases)('$name: $statuses', async ({ bytes, statuses, ends, methods }, { expect }) => {
      const connection = rawConnection(server().port);
      connection.write(bytes);
      for (const [index, status] of statuses.entries()) {
        const method = methods?.[index] ?? 'GET';
        const response = await connection.response(method);
        expect(response.status).toBe(status);
        expect(response.headers['x-content-type-options']).toBe('nosniff');
        if (status >= 400 && method !== 'HEAD')
          expect(response.body).toBe(JSON.stringify({ message: STATUS_CODES[status] }));
      }
      if (ends) expect(await connection.end()).toBe('');
      else {
        connection.write('GET /health HTTP/1.1\r\nHost: the-next\r\n\r\n');
        expect((await connection.response()).status).toBe(200);
      }
      connection.socket.destroy();
    });
  });

  test('every response on the wire has its record, with the reason of each refusal', async () => {
    const expected = cases.flatMap(({ statuses, ends }) => (ends ? statuses : [...statuses, 200]));
    await expect
      .poll(() =>
        server()
          .records()
          .map(({ status }) => status)
          .toSorted(),
      )
      .toEqual(expected.toSorted());
    const isRefusal = (status: number) => status >= 400 && status !== 404;
    for (const { status, error } of server().records())
      expect(error !== '', `${status} ${error}`).toBe(isRefusal(status));
  });
};
