import { AsyncLocalStorage } from 'node:async_hooks';
import { type AccessEntry, accessRecord } from './access-record.ts';
import { errorRecord } from './error-record.ts';
import { jsonLine, withFields } from './json-line.ts';
import { type LogOptions, makeLogs, type Logs as NeutralLogs, processLogs } from './options.ts';
import { lineSink, logWriter, statOf } from './writer.ts';

export type { LogOptions } from './options.ts';

/** The logs of a server: the access log is on stdout, the error log on stderr. */
export interface Logs extends NeutralLogs {
  /** Writes plain text into the error log. */
  writeText(text: string): void;
  /** Resolves once everything is written or counted as lost. */
  flush(): Promise<void>;
}

/** Whether stdout and stderr are one file or pipe, as behind `2>&1`. */
const areOne = (): boolean => {
  const [out, error] = [statOf(process.stdout), statOf(process.stderr)];
  return out !== undefined && out.ino === error?.ino && out.dev === error.dev;
};

const makeWriter = () => {
  const toStdout = lineSink(process.stdout);
  // Two writers of one pipe would write into each other's lines.
  const toStderr = areOne() ? toStdout : lineSink(process.stderr);
  let lost = 0;
  const loss = (what: string) => jsonLine(errorRecord('WARN', `${what} lost`));
  const warning = (count: number) => (count > 0 ? `${loss(`${count} lines`)}\n` : '');
  const countLost = () => {
    lost += 1;
  };
  /** Writes text to stderr, behind a line that says how many were lost before. */
  const writeText = (text: string, onLost = countLost): void => {
    const told = lost;
    lost = 0;
    toStderr(`${warning(told)}${text}\n`, told > 0 ? 2 : 1, (lostNow) => {
      if (lostNow > 1) lost += told;
      if (lostNow > 0) onLost();
    });
  };
  const written = () => new Promise<unknown>((resolve) => toStderr('', 0, resolve));
  const accessLog = logWriter(
    toStdout,
    (entry: AccessEntry | string) =>
      typeof entry === 'string' ? entry : jsonLine(accessRecord(entry)),
    (lines, onLost) => writeText(loss(`${lines} access log records`), onLost),
  );
  return {
    writeText: (text: string) => writeText(text),
    writeEntry: accessLog.write,
    writeAccess: (record: object) => accessLog.write(jsonLine(record)),
    writeError: (record: object) => writeText(jsonLine(record)),
    readable: (given: object) => withFields({}, given),
    within: new AsyncLocalStorage<true>(),
    async flush(): Promise<void> {
      await accessLog.flush();
      await written();
      await accessLog.flush(); // what it says of lost records may have been lost for want of room
      toStderr(warning(lost), 0, () => {});
      await written();
    },
  };
};

// All servers of a process share it.
let writer: ReturnType<typeof makeWriter> | undefined;

/** Opens the logs of a server; without options, those of the process. */
export const openLogs = (options?: LogOptions): Logs => {
  writer ??= makeWriter();
  const { writeEntry, writeText, flush } = writer;
  const logs = (!options && processLogs()) || makeLogs(options ?? {}, writer);
  // Without an option, the records are made when a batch is written.
  const writeAccess = options?.accessLog === undefined ? writeEntry : logs.writeAccess;
  return { ...logs, writeAccess, writeText, flush };
};
