import { once } from 'node:events';
import { type Sent, send } from '@edge-ping/serve-testing/client';
import { run } from '@edge-ping/serve-testing/process';
import { expect } from 'vitest';

const isRecord = (line: string) => line.startsWith('{');

/** Starts a process that has many servers, and sends their names and ports to its parent. */
export const startMany = async (file: string) => {
  const { child, stdout, stderr, ended } = run(['node', '--enable-source-maps', file], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const failed = ended.then((code) =>
    Promise.reject(new Error(`ended with ${code}: ${stderr.join('\n')}`)),
  );
  failed.catch(() => {});
  const [message] = await Promise.race([once(child, 'message'), failed]);
  const ports = new Map<string, number>(message);
  return {
    send: (name: string, sent: Sent) => send(`http://127.0.0.1:${ports.get(name)}`, sent),
    records: () => stdout.map((line) => JSON.parse(line)),
    errors: () => stderr.filter(isRecord).map((line) => JSON.parse(line)),
    plainLines: () => stderr.filter((line) => !isRecord(line)),
    async stop() {
      child.kill('SIGTERM');
      expect(await ended).toBe(0);
      expect(stderr.filter((line) => !isRecord(line))).toEqual([]);
    },
  };
};
