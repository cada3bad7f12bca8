import type { IncomingHttpHeaders } from 'node:http';
import { accessRecord, type Exchange } from '../access-log.ts';
import { type ErrorRecord, errorRecord } from '../error-log.ts';
import { jsonLine } from '../json-line.ts';
import { lineSink, logWriter } from './log-writer.ts';

/** Clients send UTF-8 in header fields; Node reads Latin-1. */
export const decoded = (text: IncomingHttpHeaders[string]): string => {
  if (typeof text !== 'string') return '';
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString() : text;
};

/** Opens the logs of the process: the access log on stdout, the error log on stderr. */
export const openLogs = () => {
  const writeError = lineSink(process.stderr);
  /** Writes a plain line to stderr. */
  const say = (line: string): void => writeError(`${line}\n`, 1, () => {});
  const report = (level: ErrorRecord['level'], thrown: unknown): void =>
    say(jsonLine(errorRecord(level, thrown)));
  const accessLog = logWriter(
    lineSink(process.stdout),
    (exchange: Exchange) => jsonLine(accessRecord(exchange)),
    (lines) => report('WARN', `${lines} access log records lost`),
  );
  return { say, report, ...accessLog };
};

/** The logs of the process. */
export type Logs = ReturnType<typeof openLogs>;
