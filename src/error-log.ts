/**
 * Makes a record of the error log, in the fields and levels of Echo's own logger.
 * @param time in milliseconds since the epoch
 */
export const errorRecord = (
  level: 'WARN' | 'ERROR' | 'FATAL',
  time: number,
  message: string,
  stack: string | undefined,
) => ({ time: new Date(time).toISOString(), level, message, stack });
