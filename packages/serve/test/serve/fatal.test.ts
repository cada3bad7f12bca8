import { send } from '@edge-ping/serve-testing/client';
import type { ServerProcess } from '@edge-ping/serve-testing/process';
import { describe, expect, test } from 'vitest';
import { refused } from '../support/refused.ts';
import { events, inProgress, startService } from './start.ts';

/** The error log so far, without what the service says of its store. */
const told = (server: ServerProcess) =>
  server
    .errors()
    .filter(({ level }) => level !== undefined)
    .map(({ level, message }) => `${level} ${message}`);

const crash = (server: ServerProcess, how: string) => send(server.url, { path: `/crash/${how}` });

describe('what nobody catches', () => {
  test.each(['exception', 'rejection'])(
    'is told as FATAL, and lets the requests in progress end: %s',
    async (how) => {
      const { server, connection } = await inProgress();
      expect((await crash(server, how)).body).toBe('crashing');
      await refused(server.port);
      expect(told(server)).toEqual(['FATAL crashed']);
      server.child.kill('SIGUSR2');
      expect(await connection.response()).toMatchObject({
        status: 200,
        headers: { connection: 'close' },
        body: 'stored',
      });
      expect(await server.ended).toBe(1);
      expect(told(server)).toEqual(['FATAL crashed']);
      expect(server.errors()[1]?.stack).toContain('service.ts');
      expect(events(server.stderr)).toEqual(['waits', 'closed']);
      expect(
        server
          .records()
          .map(({ uri, status }) => `${uri} ${status}`)
          .toSorted(),
      ).toEqual([`/crash/${how} 200`, '/store-when-told 200']);
    },
  );

  test.each([
    ['string', /^FATAL crashed$/],
    ['undefined', /^FATAL undefined$/],
    ['rejection-undefined', /^FATAL .*undefined/],
    ['rejection-null-object', /^FATAL ./],
  ])('is told whatever it is: %s', async (how, line) => {
    const server = await startService();
    await crash(server, how);
    expect(await server.ended).toBe(1);
    expect(told(server)).toEqual([expect.stringMatching(line)]);
    expect(events(server.stderr)).toEqual(['closed']);
    expect(server.stderr.slice(1).every((line) => line.startsWith('{'))).toBe(true);
  });

  test('a second time is told, too, and changes nothing', async () => {
    const { server, connection } = await inProgress();
    await crash(server, 'twice');
    await expect.poll(() => told(server)).toEqual(['FATAL crashed', 'FATAL crashed again']);
    await refused(server.port);
    server.child.kill('SIGUSR2');
    expect((await connection.response()).body).toBe('stored');
    expect(await server.ended).toBe(1);
    expect(events(server.stderr)).toEqual(['waits', 'closed']);
  });

  test('is told during a shutdown, which then has exit code 1', async () => {
    const { server, connection } = await inProgress();
    await send(server.url, { path: '/crash-at-shutdown' });
    server.child.kill('SIGTERM');
    await expect.poll(() => told(server)).toEqual(['FATAL crashed']);
    server.child.kill('SIGUSR2');
    expect((await connection.response()).body).toBe('stored');
    expect(await server.ended).toBe(1);
  });

  test('drains as a signal does, and a signal during that changes nothing', async () => {
    const { server, connection } = await inProgress();
    await crash(server, 'exception');
    await refused(server.port);
    server.child.kill('SIGTERM');
    server.child.kill('SIGUSR2');
    expect((await connection.response()).body).toBe('stored');
    expect(await server.ended).toBe(1);
  });

  test('ends the process at the deadline, if a request does not end', async () => {
    const { server, connection } = await inProgress({ deadline: 100 });
    await crash(server, 'exception');
    expect(await server.ended).toBe(1);
    await expect(connection.response()).rejects.toThrow();
    expect(events(server.stderr)).toEqual(['waits', 'closed']);
    expect(server.records()).toContainEqual(expect.objectContaining({ uri: '/store-when-told' }));
  });
});
