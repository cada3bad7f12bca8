// For HEAD, Hono finds the route of GET, and makes a copy of its response without the body: a length that
// only the server knows would be lost, and the body's source would go on. So Hono takes a HEAD request for
// GET until it has looked at the method; then everything that looks at the request sees HEAD.

/** The execution contexts of requests whose responses are sent without a body anyway. */
const bodiless = new WeakSet<object>();

/** The HEAD requests that look like GET. */
const disguised = new WeakSet<Request>();

// Redefined, not deleted: before 2022, workerd's requests have a property of their own.
const setMethod = (request: Request, value: 'GET' | 'HEAD'): void => {
  Object.defineProperty(request, 'method', { value, configurable: true });
};

/** Says that the response to a request is sent without its body. */
export const dropsBody = (executionCtx: object): void => {
  bodiless.add(executionCtx);
};

/** Lets an app that is served, or mounted in one that is, respond to HEAD as to GET, and see that it is HEAD. */
export const watchHead = (app: object): void => {
  const [fetch, getPath] = [Reflect.get(app, 'fetch'), Reflect.get(app, 'getPath')];
  if (typeof fetch !== 'function' || typeof getPath !== 'function') return;
  Object.assign(app, {
    fetch(request: Request, env: unknown, executionCtx: object) {
      if (request.method === 'HEAD' && bodiless.has(executionCtx)) {
        disguised.add(request);
        setMethod(request, 'GET');
      }
      return fetch(request, env, executionCtx);
    },
    // What Hono calls next with the request.
    getPath(request: Request, options: unknown) {
      if (disguised.delete(request)) setMethod(request, 'HEAD');
      return getPath(request, options);
    },
  });
};
