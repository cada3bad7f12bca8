import type { ExecutionContext } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import { type ExchangeOwner, exchangeKey } from './exchange.ts';

// For HEAD, Hono finds the route of GET, and makes a copy of its response without the body: a length that
// only the server knows would be lost, and the body's source would go on. So Hono takes a HEAD request for
// GET until it has looked at the method; then everything that looks at the request sees HEAD.

/** The HEAD requests that look like GET. */
const disguised = new WeakSet<Request>();

/** Lets an app that is served, or mounted in one that is, respond to HEAD as to GET, and see that it is HEAD. */
export const watchHead = (app: HonoBase): void => {
  const { fetch, getPath } = app;
  Object.assign(app, {
    fetch(request: Request, env: object, executionCtx?: ExecutionContext & Partial<ExchangeOwner>) {
      // Only what is served has a response that is sent without a body anyway.
      if (request.method === 'HEAD' && executionCtx?.[exchangeKey]?.method === 'HEAD') {
        // What @hono/node-server makes of a request when it is first needed, and copies, has this method.
        void request.body;
        disguised.add(request);
        Object.defineProperty(request, 'method', { value: 'GET', configurable: true });
      }
      return fetch(request, env, executionCtx);
    },
    // What Hono calls next with the request.
    getPath(request: Request, options: object) {
      // Redefined, not deleted: before 2022, workerd's requests have a property of their own.
      if (disguised.delete(request)) Object.defineProperty(request, 'method', { value: 'HEAD' });
      return getPath(request, options);
    },
  });
};
