import type { Env, ExecutionContext, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { watchOutermost } from '../app/errors.ts';
import { serveWeb } from './serve-web.ts';

// Objects, not lines: Workers Logs indexes their fields.
const consoles = { INFO: console.log, WARN: console.warn, ERROR: console.error };

/**
 * Makes the Worker of an app, for `export default`. Other handlers go beside its `fetch`:
 * `{ ...worker(app), scheduled }`.
 */
export const worker = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
) => {
  watchOutermost(app);
  return {
    fetch(request: Request, env: object, executionCtx: ExecutionContext): Promise<Response> {
      const { headers } = request;
      return serveWeb(app.fetch, request, {
        bindings: env,
        executionCtx,
        id: headers.get('X-Request-Id') || headers.get('CF-Ray') || '',
        remoteAddress: headers.get('CF-Connecting-IP') ?? '',
        userAgent: headers.get('User-Agent') ?? '',
        log: console.log,
        logError: console.error,
        logLine(line) {
          consoles[line.level](line);
        },
      });
    },
  };
};
