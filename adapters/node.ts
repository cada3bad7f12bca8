import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import { errorRecord } from '../src/error-log.ts';
import { lineWriter, MAX_WAITING, toLine } from './node/log.ts';
import { makeServer } from './node/server.ts';
import { readSettings } from './node/settings.ts';

const DEADLINE_MS = 5_000; // half of what Docker and Cloud Run leave between SIGTERM and SIGKILL
const FLUSH_MS = 500;
const REPEAT_MS = 500; // npm delivers a Ctrl-C twice where its sh is bash

const fail = (line: string): never => {
  process.stderr.write(`${line}\n`);
  process.exit(1);
};
const { port, trustProxy } = readSettings(process.env, fail);

const report = (level: 'WARN' | 'ERROR' | 'FATAL', cause: unknown): void => {
  if (process.stderr.writableLength > MAX_WAITING) return;
  const { message, stack = undefined } =
    cause instanceof Error ? cause : { message: String(cause) };
  process.stderr.write(`${toLine(errorRecord(level, Date.now(), message, stack))}\n`);
};
process.stderr.on('error', () => {}); // that nobody reads it is no reason to stop serving

const accessLog = lineWriter(process.stdout, (lines) =>
  report('WARN', `${lines} access log records lost`),
);
const { server, drain } = makeServer(
  trustProxy,
  (record) => accessLog.write(toLine(record)),
  (error) => report('ERROR', error),
);

const shutdown = async (): Promise<void> => {
  setTimeout(() => {
    process.exitCode = 1;
    server.closeAllConnections();
    setTimeout(() => process.exit(), FLUSH_MS);
  }, DEADLINE_MS);
  await drain();
  await accessLog.flush();
  process.exit();
};

let signalledAt = 0;
const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
  const now = performance.now();
  if (signalledAt && now - signalledAt > REPEAT_MS) process.exit(128 + constants.signals[signal]);
  if (!signalledAt) shutdown();
  signalledAt ||= now;
};
process.on('SIGINT', onSignal).on('SIGTERM', onSignal);

// Rejections that nobody handles come here, too.
process.on('uncaughtException', async (error) => {
  report('FATAL', error);
  setTimeout(() => process.exit(1), FLUSH_MS);
  await accessLog.flush();
  process.exit(1);
});

server.on('error', (error: NodeJS.ErrnoException) => {
  if (server.listening) return report('ERROR', error);
  const reason = error.code === 'EADDRINUSE' ? 'is in use' : `can't be listened on (${error.code})`;
  fail(`PORT=${port}: ${reason}; must be a free port that this user may take, 0 for any`);
});
// Without a host: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6.
server.listen(port, () => {
  const { port } = server.address() as AddressInfo;
  process.stderr.write(
    `${manifest.name} ${manifest.version} listens on http://localhost:${port}\n`,
  );
});
