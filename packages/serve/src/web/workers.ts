import type { Env, ExecutionContext, Schema } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { watchOutermost } from '../app/errors.ts';
import { type LogOptions, type LogWriter, makeLogs } from '../log/options.ts';
import { WebExchange } from './exchange.ts';

const methods: Record<string, 'log' | 'warn'> = { INFO: 'log', WARN: 'warn' };

let isWithin: true | undefined;

// Objects, not lines: Workers Logs indexes their fields.
const writer: LogWriter = {
  writeAccess: console.log,
  within: {
    getStore() {
      return isWithin;
    },
    // AsyncLocalStorage is there only with a compatibility flag.
    run(store, call) {
      isWithin = store;
      call();
      isWithin = undefined;
    },
  },
  writeError(record) {
    console[methods[Object(record).level] ?? 'error'](record);
  },
};

/** Methods that read a request's body, and abort it if its client leaves: workerd says so in no other way. */
const readers: PropertyDescriptorMap = {};
for (const name of ['arrayBuffer', 'blob', 'formData', 'json', 'text'] as const) {
  readers[name] = {
    value() {
      return Request.prototype[name].call(this).catch((error: unknown) => {
        if (Object(error).message === 'Network connection lost.')
          Object.defineProperty(this, 'signal', { value: AbortSignal.abort(error) });
        throw error;
      });
    },
  };
}

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
    fetch(request: Request, bindings: object, executionCtx: ExecutionContext): Promise<Response> {
      const { headers } = request;
      const facts = {
        id: headers.get('X-Request-Id') || headers.get('CF-Ray') || '',
        remoteAddress: headers.get('CF-Connecting-IP') ?? '',
        userAgent: headers.get('User-Agent') ?? '',
      };
      if (request.body) Object.defineProperties(request, readers);
      return new WebExchange(request, facts, logs, executionCtx).serve(app.fetch, bindings);
    },
  };
};
