import type { Env, ExecutionContext, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { watchOutermost } from '../app/errors.ts';
import { type LogOptions, type LogWriter, makeLogs } from '../log/options.ts';
import { serveWeb } from './serve-web.ts';

// Objects, not lines: Workers Logs indexes their fields.
const writer: LogWriter = {
  writeAccess: console.log,
  writeError(record) {
    const level = 'level' in record ? record.level : '';
    (level === 'INFO' ? console.log : level === 'WARN' ? console.warn : console.error)(record);
  },
};

/**
 * Makes the Worker of an app, for `export default`. Other handlers go beside its `fetch`:
 * `{ ...worker(app), scheduled }`.
 */
export const worker = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  options: LogOptions = {},
) => {
  watchOutermost(app);
  const logs = makeLogs(options, writer);
  return {
    fetch(request: Request, env: object, executionCtx: ExecutionContext): Promise<Response> {
      const { headers } = request;
      return serveWeb(app.fetch, request, {
        bindings: env,
        executionCtx,
        id: headers.get('X-Request-Id') || headers.get('CF-Ray') || '',
        remoteAddress: headers.get('CF-Connecting-IP') ?? '',
        userAgent: headers.get('User-Agent') ?? '',
        logs,
      });
    },
  };
};
