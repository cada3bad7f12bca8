/** A line of the error log, in the fields and levels of Echo's own logger. */
export interface ErrorRecord {
  time: string;
  level: 'WARN' | 'ERROR' | 'FATAL';
  message: string;
  stack?: string;
}

/**
 * Makes the error log's record of an error that a handler threw or that ends the process.
 * @param time milliseconds since the epoch
 */
export const errorRecord = (
  level: ErrorRecord['level'],
  error: Error,
  time: number,
): ErrorRecord => ({
  time: new Date(time).toISOString(),
  level,
  message: error.message,
  stack: error.stack ?? '',
});
