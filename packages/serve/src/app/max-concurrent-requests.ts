import type { MiddlewareHandler } from 'hono';
import { integer } from './options.ts';
import { errorBody } from './responses.ts';

const MAX = 2_147_483_647; // that a timer takes

/**
 * Makes a middleware, for an app or a route, that lets so many requests be handled at once; further ones wait for
 * their turn, and get 503 with Retry-After if it does not come. So what the handlers hold has a bound: a body of
 * 1 MiB that is read, parsed and checked takes several. A request is handled until its response is made; the body of
 * the response may still have to be sent.
 * @param wait milliseconds that a request waits: 1,000 by default
 * @throws {RangeError} if one is no integer from 0 to 2,147,483,647
 */
export const maxConcurrentRequests = (max: number, { wait = 1_000 } = {}): MiddlewareHandler => {
  integer('maxConcurrentRequests: max', max, MAX);
  integer('maxConcurrentRequests: wait', wait, MAX);
  let handled = 0;
  const turns = new Set<() => void>();

  /** Resolves with whether the turn of a request comes before its time is over, and before its client leaves. */
  const turnOf = (signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const end = (isTurn: boolean) => {
        clearTimeout(timer);
        turns.delete(begin);
        signal.removeEventListener('abort', leave);
        resolve(isTurn);
      };
      const begin = () => end(true);
      const leave = () => end(false);
      const timer = setTimeout(leave, wait);
      signal.addEventListener('abort', leave);
      if (signal.aborted) leave();
      else turns.add(begin);
    });

  return async (c, next) => {
    if (handled < max) handled += 1;
    else if (!(await turnOf(c.req.raw.signal)))
      return c.json(errorBody(503), 503, { 'Retry-After': '1' });
    try {
      await next();
    } finally {
      const [begin] = turns;
      // The next one takes the place of this one.
      if (begin) begin();
      else handled -= 1;
    }
  };
};
