import { fstatSync } from 'node:fs';
import { type AccessEntry, accessRecord } from './access-record.ts';
import { type ErrorRecord, errorRecord, type RequestName } from './error-record.ts';
import { jsonLine } from './json-line.ts';
import { lineSink, logWriter } from './writer.ts';

/** The options that direct the logs. */
export interface LogOptions {
  accessLog?: false | undefined;
}

/** Whether stdout and stderr are one file or pipe, as behind `2>&1`. */
const areOne = (): boolean => {
  const [out, error] = [fstatSync(process.stdout.fd), fstatSync(process.stderr.fd)];
  return out.ino === error.ino && out.dev === error.dev;
};

const makeLogs = () => {
  const toStdout = lineSink(process.stdout);
  // Two writers of one pipe would write into each other's lines.
  const toStderr = areOne() ? toStdout : lineSink(process.stderr);
  let lost = 0;
  const warning = (count: number) =>
    count > 0 ? `${jsonLine(errorRecord('WARN', `${count} lines lost`))}\n` : '';
  const countLost = () => {
    lost += 1;
  };
  /** Writes a line to stderr, behind one that says how many were lost before. */
  const say = (line: string, onLost = countLost): void => {
    const told = lost;
    lost = 0;
    toStderr(`${warning(told)}${line}\n`, told > 0 ? 2 : 1, (lostNow) => {
      if (lostNow > 1) lost += told;
      if (lostNow > 0) onLost();
    });
  };
  const written = () => new Promise<unknown>((resolve) => toStderr('', 0, resolve));
  const report = (level: ErrorRecord['level'], thrown: unknown, request?: RequestName): void =>
    say(jsonLine(errorRecord(level, thrown, request)));
  const accessLog = logWriter(
    toStdout,
    (entry: AccessEntry) => jsonLine(accessRecord(entry)),
    (lines, onLost) =>
      say(jsonLine(errorRecord('WARN', `${lines} access log records lost`)), onLost),
  );
  return {
    writeAccess: accessLog.write,
    writeError: report,
    writeLine: (line: object | string) => say(typeof line === 'string' ? line : jsonLine(line)),
    /** Resolves once everything is written or counted as lost. */
    async flush(): Promise<void> {
      await accessLog.flush();
      await written();
      await accessLog.flush(); // what it says of lost records may have been lost for want of room
      toStderr(warning(lost), 0, () => {});
      await written();
    },
  };
};

/** The logs of the process. */
export type Logs = ReturnType<typeof makeLogs>;

let logs: Logs | undefined;

/** Opens the logs of the process: the access log on stdout, the error log on stderr. All its servers share them. */
export const openLogs = ({ accessLog }: LogOptions = {}): Logs => {
  logs ??= makeLogs();
  return accessLog === false ? { ...logs, writeAccess() {} } : logs;
};
