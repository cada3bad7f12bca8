import type { ExecutionContext } from 'hono';
import { worker } from '../../src/web/workers.ts';
import { makeApp, ways } from './apps.ts';

const workers = new Map(
  Object.entries(ways).map(([name, options]) => [name, worker(makeApp(), options)]),
);

/** A Worker of the way that a header names. */
export default {
  fetch(request: Request, env: object, executionCtx: ExecutionContext) {
    const served = workers.get(request.headers.get('X-App') ?? '');
    return served?.fetch(request, env, executionCtx) ?? new Response(null, { status: 421 });
  },
};
