import type { ExecutionContext } from 'hono';
import type { HonoBase } from 'hono/hono-base';

// For HEAD, Hono finds the route of GET, and makes a copy of its response without the body: a length that
// only the server knows would be lost, and the body's source would go on. So Hono takes a HEAD request for
// GET until it has looked at the method; then everything that looks at the request sees HEAD.

/** The execution contexts of requests whose responses are sent without a body anyway. */
export const bodiless = new WeakSet<object>();

/** The HEAD requests that look like GET. */
const disguised = new WeakSet<Request>();

// Redefined, not deleted: before 2022, workerd's requests have a property of their own.
const setMethod = (request: Request, value: 'GET' | 'HEAD'): void => {
  Object.defineProperty(request, 'method', { value, configurable: true });
};

/** Lets an app that is served, or mounted in one that is, respond to HEAD as to GET, and see that it is HEAD. */
export const watchHead = (app: HonoBase): void => {
  const { fetch, getPath } = app;
  Object.assign(app, {
    fetch(request: Request, env: object, executionCtx: ExecutionContext) {
      if (request.method === 'HEAD' && bodiless.has(executionCtx)) {
        disguised.add(request);
        setMethod(request, 'GET');
      }
      return fetch(request, env, executionCtx);
    },
    // What Hono calls next with the request.
    getPath(request: Request, options: object) {
      if (disguised.delete(request)) setMethod(request, 'HEAD');
      return getPath(request, options);
    },
  });
};
