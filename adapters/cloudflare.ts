import type { ExecutionContext } from 'hono';
import { serve } from '../src/serve.ts';

/** The Worker: `main` of wrangler.toml. */
export default {
  fetch: (request: Request, env: object, executionCtx: ExecutionContext): Promise<Response> =>
    serve(request, {
      bindings: env,
      executionCtx,
      requestId: request.headers.get('CF-Ray') ?? '',
      remoteAddress: request.headers.get('CF-Connecting-IP') ?? '',
      // Objects, not lines: Workers Logs indexes their fields.
      log: (record) => console.log(record),
      logError: (record) => console.error(record),
    }),
};
