import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import { type ErrorRecord, errorRecord } from '../src/error-log.ts';
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

const printError = (record: ErrorRecord): void => {
  if (process.stderr.writableLength < MAX_WAITING) process.stderr.write(`${toLine(record)}\n`);
};

const settings = readSettings(process.env, fail);

const accessLog = lineWriter(process.stdout, (lines) => {
  const message = `${lines} access log records lost`;
  printError({ time: new Date().toISOString(), level: 'WARN', message });
});

const { server, drain } = makeServer({
  trustProxy: settings.trustProxy,
  log: (record) => accessLog.write(toLine(record)),
  reportError: (error) => printError(errorRecord('ERROR', error, Date.now())),
});

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

const crash = async (error: unknown): Promise<void> => {
  const cause = error instanceof Error ? error : new Error(String(error));
  printError(errorRecord('FATAL', cause, Date.now()));
  setTimeout(() => process.exit(1), FLUSH_MS);
  await accessLog.flush();
  process.exit(1);
};

let signalledAt: number | undefined;
const onSignal = (signal: 'SIGINT' | 'SIGTERM'): void => {
  if (signalledAt === undefined) {
    signalledAt = performance.now();
    shutdown();
  } else if (performance.now() - signalledAt > REPEAT_MS) {
    process.exit(128 + constants.signals[signal]);
  }
};

process.stderr.on('error', () => {}); // nobody reads it: no reason to stop serving
process.on('uncaughtException', crash); // and rejections that nobody handles
process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);

server.on('error', (error: NodeJS.ErrnoException) => {
  const reason = error.code === 'EADDRINUSE' ? 'is in use' : `can't be listened on (${error.code})`;
  fail(`PORT=${settings.port}: ${reason}; must be a free port that this user may take, 0 for any`);
});
// Without a host Node listens on all interfaces, IPv6 and IPv4, and on IPv4 where there is no IPv6.
server.listen(settings.port, () => {
  const { port } = server.address() as AddressInfo;
  process.stderr.write(`edge-ping ${manifest.version} listens on http://localhost:${port}\n`);
});
