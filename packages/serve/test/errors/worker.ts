import type { ExecutionContext } from 'hono';
import { worker } from '../../src/web/workers.ts';
import { serveApps } from './apps.ts';

const workers = serveApps(worker);

/** A Worker of the app that a header names. */
export default {
  fetch(request: Request, env: object, executionCtx: ExecutionContext) {
    const served = workers.get(request.headers.get('X-App') ?? '');
    return served?.fetch(request, env, executionCtx) ?? new Response(null, { status: 421 });
  },
};
