import type { Context, ExecutionContext } from 'hono';

/** The execution context of a request; undefined in process, as in `app.request`. */
export const executionCtxOf = (c: Context): ExecutionContext | undefined => {
  try {
    return c.executionCtx;
  } catch {
    return undefined; // Hono throws where there is none
  }
};
