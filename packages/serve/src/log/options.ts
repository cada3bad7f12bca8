import { type AccessEntry, type AccessRecord, accessRecord } from './access-record.ts';
import { type ErrorRecord, errorRecord, type RequestName } from './error-record.ts';

/** Takes a record, the usual way to write it or what is given in its place, and what was thrown. */
type Take<R> = (record: R, write: (given?: object) => void, thrown: unknown) => unknown;

/** Where the logs of an app go. A function that throws loses that line and nothing else, and a WARN line says so. */
export interface LogOptions {
  /**
   * `false` turns the access log off. A function gets each record, and the usual way to write it.
   * @example (record, write) => record.uri === '/health' || write()
   */
  accessLog?: false | Take<AccessRecord> | undefined;
  /**
   * A function gets each record of the error log and each line that the app writes by `log`, the usual
   * way to write it, and what was thrown, if something was.
   * @example (record, write, thrown) => { write(); if (thrown) Sentry.captureException(thrown); }
   */
  errorLog?: Take<ErrorRecord> | undefined;
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
  /** Knows what is called within `errorLog`, and as far as the platform can tell, what that has begun. */
  within: { run(store: true, call: () => void): void; getStore(): true | undefined };
}

let ofProcess: Logs | undefined;

/** The logs for what belongs to no request: the latest that have an `errorLog`, else the first. */
export const processLogs = (): Logs | undefined => ofProcess;

/** Makes the logs of an app. */
export const makeLogs = ({ accessLog, errorLog }: LogOptions, writer: LogWriter): Logs => {
  const { writeAccess, writeError, readable, within } = writer;
  const handOver = async <R extends object>(
    take: Take<R>,
    record: R,
    write: (record: object) => void,
    thrown?: unknown,
  ): Promise<void> => {
    let lost = 1;
    try {
      await take(
        record,
        (given) => {
          write(given ? (readable?.(given) ?? given) : record);
          lost = 0;
        },
        thrown,
      );
    } catch (cause) {
      writeError(errorRecord('WARN', { message: `${lost} lines lost`, cause }));
    }
  };
  const logs: Logs = {
    writeAccess(entry) {
      if (accessLog) handOver(accessLog, accessRecord(entry), writeAccess);
      else if (accessLog !== false) writeAccess(accessRecord(entry));
    },
    writeError(level, thrown, request) {
      logs.writeLine(errorRecord(level, thrown, request), level === 'WARN' ? undefined : thrown);
    },
    writeLine(record, thrown) {
      // What `errorLog` logs itself would come back to it without end.
      if (!errorLog || within.getStore()) writeError(record);
      else within.run(true, () => handOver(errorLog, record, writeError, thrown));
    },
  };
  if (errorLog || !ofProcess) ofProcess = logs;
  return logs;
};
