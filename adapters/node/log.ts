import type { Writable } from 'node:stream';

const BATCH_LENGTH = 16_384; // UTF-16 units; about what a pipe takes in one write
const BATCH_MS = 50;
/** Bytes that may wait for a slow reader; what comes then is lost. */
export const MAX_WAITING = 1_048_576;

/** Writes lines in batches: a write for each would halve the throughput. */
export interface LineWriter {
  /** Takes a line without its line feed. Never blocks, never throws. */
  write(line: string): void;
  /** Resolves once every line is written or counted as lost. */
  flush(): Promise<void>;
}

/**
 * Makes a writer that neither waits for the stream nor grows with it: what a full, closed or
 * stalled stream does not take is lost and counted.
 * @param reportLost takes the number of lines lost, once writing works again or at the flush
 */
export const lineWriter = (stream: Writable, reportLost: (lines: number) => void): LineWriter => {
  let batch = '';
  let lines = 0;
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    if (lost > 0) reportLost(lost);
    lost = 0;
  };
  const writeBatch = () => {
    clearTimeout(timer);
    timer = undefined;
    const [text, count] = [batch, lines];
    batch = '';
    lines = 0;
    if (stream.writableLength > MAX_WAITING) lost += count;
    else if (count > 0)
      stream.write(text, (error) => {
        if (error) lost += count;
        else report();
      });
  };

  stream.on('error', () => {}); // each write's callback has it (EPIPE, ENOSPC)
  return {
    write(line) {
      batch += `${line}\n`;
      lines += 1;
      if (batch.length >= BATCH_LENGTH) writeBatch();
      else timer ??= setTimeout(writeBatch, BATCH_MS);
    },
    flush() {
      writeBatch();
      return new Promise((resolve) => {
        stream.write('', () => {
          report();
          resolve();
        });
      });
    },
  };
};

/** Serialises a record as one line: JSON, with what some readers take for a line's end escaped. */
export const toLine = (record: object): string =>
  JSON.stringify(record).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
