import { type AccessEntry, type AccessRecord, accessRecord } from './access-record.ts';
import { type ErrorRecord, errorRecord, type RequestName } from './error-record.ts';

/** Writes a record in the usual way, or what is given in its place. */
type Write = (record?: object) => void;

/** Where the logs of an app go. A function that throws loses that line and nothing else, and the loss is counted. */
export interface LogOptions {
  /**
   * `false` turns the access log off. A function gets each record, and the usual way to write it.
   * @example (record, write) => record.uri === '/health' || write()
   */
  accessLog?: false | ((record: AccessRecord, write: Write) => unknown) | undefined;
  /**
   * A function gets each record of the error log and each line that the app writes by `log`, the usual
   * way to write it, and what was thrown, if something was.
   * @example (record, write, thrown) => { write(); if (thrown) Sentry.captureException(thrown); }
   */
  errorLog?: ((record: ErrorRecord, write: Write, thrown: unknown) => unknown) | undefined;
}

/** The logs of an app. */
export interface Logs {
  /** Writes the record of an exchange. */
  writeAccess(entry: AccessEntry): void;
  /** Writes a record of the error log. Nothing was thrown where the level is WARN. */
  writeError(level: ErrorRecord['level'], thrown: unknown, request?: RequestName): void;
  /** Writes a line of the app's own, and hands on the error in it. */
  writeLine(line: ErrorRecord, thrown?: unknown): void;
}

/** The usual way to write. */
export interface LogWriter {
  writeAccess(record: object): void;
  writeError(record: object): void;
  /** Makes a record that it can write of what an app gives. */
  readable?(given: object): object;
  /** Counts a record of the access log that a function of the app has failed to write; else each is told. */
  loseAccess?(reason: unknown): void;
}

/** Says that lines were lost, and why. */
export const lossRecord = (what: string, cause?: unknown): ErrorRecord =>
  errorRecord('WARN', { message: `${what} lost`, cause });

/** Hands a record to a function of the app. */
const handOver = <R extends object>(
  take: (record: R, write: Write, thrown: unknown) => unknown,
  record: R,
  thrown: unknown,
  write: (record: object) => void,
  { readable = (given) => given }: LogWriter,
  lose: (reason: unknown) => void,
): void => {
  try {
    const result = take(record, (given) => write(given ? readable(given) : record), thrown);
    if (result instanceof Promise) result.catch(lose);
  } catch (reason) {
    lose(reason);
  }
};

let ofProcess: Logs | undefined;

/** The logs for what belongs to no request: the latest that have an `errorLog`, else the first. */
export const processLogs = (): Logs | undefined => ofProcess;

/** Makes the logs of an app. */
export const makeLogs = ({ accessLog, errorLog }: LogOptions, writer: LogWriter): Logs => {
  const { writeAccess, writeError } = writer;
  const loser = (what: string) => (reason: unknown) => writeError(lossRecord(what, reason));
  const loseAccess = writer.loseAccess ?? loser('1 access log record');
  const loseError = loser('1 line of the error log');
  const writeLine = (record: ErrorRecord, thrown?: unknown): void => {
    if (errorLog) handOver(errorLog, record, thrown, writeError, writer, loseError);
    else writeError(record);
  };
  const logs: Logs = {
    writeAccess(entry) {
      if (accessLog === false) return;
      const record = accessRecord(entry);
      if (accessLog) handOver(accessLog, record, undefined, writeAccess, writer, loseAccess);
      else writeAccess(record);
    },
    writeError(level, thrown, request) {
      writeLine(errorRecord(level, thrown, request), level === 'WARN' ? undefined : thrown);
    },
    writeLine,
  };
  if (errorLog || !ofProcess) ofProcess = logs;
  return logs;
};
