import { run } from '@edge-ping/serve-testing/process';

/** What wrk measured. */
export interface WrkResult {
  requests: number;
  seconds: number;
  bytes: number;
  /** Requests without a response, and responses other than 2xx and 3xx. */
  lost: number;
  /** Milliseconds, of requests that each wait for the response before. */
  p99: number;
}

/**
 * Loads a server with as many requests as it takes.
 * @param connections how many requests are in progress at a time
 * @param body what is sent, as JSON, by POST; without it, the requests are GET
 */
export const wrk = async (
  url: string,
  connections: number,
  seconds: number,
  body?: string,
): Promise<WrkResult> => {
  const settings = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', 'bench/wrk.lua'];
  const { stdout, stderr, ended } = run(['wrk', ...settings, url], {
    env: { ...process.env, ...(body && { BODY: body }) },
  });
  await ended;
  const line = stdout.at(-1) ?? '';
  if (!line.startsWith('{')) throw new Error([...stdout, ...stderr].join('\n'));
  return JSON.parse(line);
};

/** As `wrk`, but every response must be right. */
export const wrkWithoutLoss = async (...args: Parameters<typeof wrk>): Promise<WrkResult> => {
  const result = await wrk(...args);
  if (result.lost > 0) throw new Error(`${args[0]}: ${JSON.stringify(result)}`);
  return result;
};
