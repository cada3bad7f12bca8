import type { AddressInfo } from 'node:net';
import { constants } from 'node:os';
import manifest from '../package.json' with { type: 'json' };
import { errorRecord } from '../src/error-log.ts';
import { jsonLine } from '../src/json-line.ts';
import { lineSink, logWriter } from './node/log.ts';
import { type NodeExchange, nodeRecord } from './node/record.ts';
import { makeServer } from './node/server.ts';
import { readSettings } from './node/settings.ts';

const DEADLINE_MS = 5_000; // half of what Docker and Cloud Run leave between SIGTERM and SIGKILL
const FLUSH_MS = 500;
const REPEAT_MS = 500; // npm delivers a Ctrl-C twice where its sh is bash

const fail = (line: string): never => {
  process.stderr.write(`${line}\n`);
  process.exit(1);
};
const [argument] = process.argv.slice(2);
if (argument !== undefined)
  fail(`${argument}: the server takes no arguments; set the port with the variable PORT`);
const { port, trustProxy } = readSettings(process.env, fail);

const writeError = lineSink(process.stderr);
const writeLine = (line: string): void => writeError(`${line}\n`, 1, () => {});
const report = (level: 'WARN' | 'ERROR' | 'FATAL', cause: unknown): void =>
  writeLine(jsonLine(errorRecord(level, cause)));

const accessLog = logWriter(
  lineSink(process.stdout),
  (exchange: NodeExchange) => jsonLine(nodeRecord(exchange, trustProxy)),
  (lines) => report('WARN', `${lines} access log records lost`),
);
const { server, drain } = makeServer(accessLog.write, report);

/** Ends the process once its log is written, or cannot be. */
const exit = async (code: number): Promise<void> => {
  setTimeout(() => process.exit(code), FLUSH_MS);
  await accessLog.flush();
  process.exit(code);
};

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
const onSignal = (signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM'): void => {
  const now = performance.now();
  if (signalledAt && now - signalledAt > REPEAT_MS) exit(128 + constants.signals[signal]);
  if (!signalledAt) shutdown();
  signalledAt ||= now;
};
process.on('SIGHUP', onSignal).on('SIGINT', onSignal).on('SIGTERM', onSignal);

// Unhandled rejections come here, too.
process.on('uncaughtException', (error) => {
  report('FATAL', error);
  exit(1);
});

server.on('error', (error: NodeJS.ErrnoException) => {
  if (server.listening) return report('ERROR', error);
  const reason =
    error.code === 'EADDRINUSE'
      ? 'is in use, perhaps by a server that outlived its npm'
      : `can't be listened on (${error.code})`;
  fail(`PORT=${port}: ${reason}; must be a free port that this user may take, 0 for any`);
});
// Without a host: all interfaces, IPv6 and IPv4, or IPv4 alone where there is no IPv6.
server.listen(port, () => {
  const { port } = server.address() as AddressInfo;
  writeLine(`${manifest.name} ${manifest.version} listens on http://localhost:${port}`);
});
