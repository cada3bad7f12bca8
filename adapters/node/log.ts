import type { Writable } from 'node:stream';

const BATCH_LENGTH = 16_384; // characters; a write for each line would halve the throughput
const BATCH_MS = 50;

/** Bytes that may wait for a slow reader; what comes then is lost. */
export const MAX_WAITING = 1_048_576;

/**
 * Makes a writer of lines that never blocks, never throws and does not grow: what a full, closed
 * or stalled stream does not take is lost and counted.
 * @param reportLost takes the number of lost lines, once writing works again or at the flush
 */
export const lineWriter = (stream: Writable, reportLost: (lines: number) => void) => {
  let batch = '';
  let lines = 0;
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    if (lost > 0) reportLost(lost);
    lost = 0;
  };
  const writeBatch = () => {
    const [text, count] = [batch, lines];
    batch = '';
    lines = 0;
    clearTimeout(timer);
    timer = undefined;
    if (stream.writableLength > MAX_WAITING) lost += count;
    else if (count > 0)
      stream.write(text, (error) => {
        if (error) lost += count;
        else report();
      });
  };
  stream.on('error', () => {}); // EPIPE, ENOSPC: the callback of the write has it too

  return {
    write(line: string): void {
      batch += `${line}\n`;
      lines += 1;
      if (batch.length >= BATCH_LENGTH) writeBatch();
      else timer ??= setTimeout(writeBatch, BATCH_MS);
    },
    /** Resolves once every line is written or counted as lost. */
    async flush(): Promise<void> {
      writeBatch();
      await new Promise<unknown>((resolve) => stream.write('', resolve));
      report();
    },
  };
};

/** Writes a record as one line of JSON, with what some readers take for a line's end escaped. */
export const toLine = (record: object): string =>
  JSON.stringify(record).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
