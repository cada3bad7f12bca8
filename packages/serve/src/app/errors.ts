import type { Context, ExecutionContext } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import type { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { executionCtxOf } from './execution-context.ts';
import { watchHead } from './head.ts';
import { checkedResponse } from './responses.ts';
import { statusText } from './status-text.ts';

/** The method of an execution context that takes an error of its exchange. */
export const takeError = Symbol();

/** An execution context that takes the errors of its exchange. */
export interface ErrorTaker {
  [takeError](error: unknown): void;
}

type Handler = (error: Error, c: Context) => Response | Promise<Response>;

/** Hands an error to the exchange that it belongs to; in process, there is none. */
export const take = (c: Context, error: unknown): void => {
  const taker: (ExecutionContext & Partial<ErrorTaker>) | undefined = executionCtxOf(c);
  taker?.[takeError]?.(error);
};

/** What the app's own error response would be, with the header fields that its middlewares have set. */
const internalError = (c: Context, status: ContentfulStatusCode = 500): Response =>
  c.json({ message: statusText(status) }, status);

/** The error handler of an app that has none: Hono's would print the error. */
const defaultHandler: Handler = (error: Error & Partial<HTTPException>, c) => {
  if (typeof error.getResponse !== 'function') return internalError(c);
  const response = checkedResponse(error.getResponse()); // an HTTPException carries its response
  // The message of one that was made without a response is for the log.
  if (response.status >= 500 && !error.res)
    return internalError(c, response.status as ContentfulStatusCode);
  return c.newResponse(response.body, response);
};

const watched = new WeakSet<object>();

/** The apps that are served: behind their `onError` there is none that could take what it throws. */
const outermost = new WeakSet<object>();

const watchedHandler =
  (app: object, handler: Handler): Handler =>
  async (error, c) => {
    take(c, error);
    if (!outermost.has(app)) return handler(error, c);
    try {
      return checkedResponse(await handler(error, c));
    } catch (thrown) {
      take(c, thrown);
      return internalError(c);
    }
  };

/** The error handler that Hono gives to an app of this class, in whichever build the app has. */
const handlerOfHono = (app: object): unknown => {
  let base = app;
  for (let next = app; next && next !== Object.prototype; next = Object.getPrototypeOf(next))
    base = next;
  try {
    return Reflect.get(new (Object(base).constructor)(), HANDLER);
  } catch {
    return undefined; // not a Hono
  }
};

// Private in Hono's types, and the only place where every error of an app passes with its context.
const HANDLER = 'errorHandler';

const isHono = (app: object): app is HonoBase => typeof Reflect.get(app, HANDLER) === 'function';

/**
 * Lets the library see the errors of an app: those that reach its `onError`, set before or after
 * this. The adapters do so for the app they serve. Call it yourself for an app within that app
 * which handles its errors by itself: a routed one that has an `onError`, or a mounted Hono. What
 * such an `onError` throws reaches the outer app's, as without this. An app without an `onError`
 * gets the library's, so leave alone a routed one whose errors the outer app shall handle.
 * @returns the app
 */
export const watch = <App extends object>(app: App): App => {
  if (watched.has(app)) return app;
  if (!isHono(app)) return app; // each 500 then says that its error was not seen
  const current: unknown = Reflect.get(app, HANDLER);
  watched.add(app);
  watchHead(app);
  const isHonos = current === handlerOfHono(app);
  let handler = watchedHandler(app, isHonos ? defaultHandler : (current as Handler));
  Object.defineProperty(app, HANDLER, {
    configurable: true,
    enumerable: true,
    get: () => handler,
    set(next: Handler) {
      handler = watchedHandler(app, next);
    },
  });
  return app;
};

/** Watches the app that an adapter serves: if its `onError` fails, the library makes the response. */
export const watchOutermost = (app: object): void => {
  outermost.add(app);
  watch(app);
};
