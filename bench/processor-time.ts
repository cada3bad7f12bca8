import { readdirSync, readFileSync } from 'node:fs';

/**
 * The processor time that a process has used until now, all threads, in microseconds. `schedstat`
 * counts nanoseconds; `stat` counts ticks of 10 ms, which is too coarse for an event a second.
 */
export const processorTime = (pid: number): number => {
  const threads = readdirSync(`/proc/${pid}/task`);
  const nanoseconds = threads.map((thread) =>
    Number.parseInt(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8'), 10),
  );
  return nanoseconds.reduce((sum, time) => sum + time, 0) / 1000;
};
