import type { Context } from 'hono';
import type { HonoBase } from 'hono/hono-base';
import type { HTTPException } from 'hono/http-exception';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { exchangeOf } from './exchange.ts';
import { watchHead } from './head.ts';
import { checkedResponse, errorBody } from './responses.ts';

type Handler = (error: Error, c: Context) => Response | Promise<Response>;

/** The error handler of an app that has none: Hono's would print the error. */
const defaultHandler: Handler = (error: Error & Partial<HTTPException>, c) => {
  // An HTTPException carries its response; the message of one that was made without one is for the log.
  const response = error.getResponse?.();
  if (response && (response.status < 500 || error.res))
    return c.newResponse(response.body, response);
  if (!exchangeOf(c)) console.error(error); // nothing else tells of it
  const status = response?.status ?? 500;
  return c.json(errorBody(status), status as ContentfulStatusCode);
};

/**
 * The apps that are watched, and whether they are served: behind the `onError` of one that is, there is
 * none that could take what it throws.
 */
const watched = new WeakMap<object, boolean>();

// Private in Hono's types, and the only place where every error of an app passes with its context.
const HANDLER = 'errorHandler';

/** Whether an app has the error handler that Hono gives to it, in whichever build the app has. */
const hasDefault = (app: object): boolean => {
  let base = app;
  for (let next = app; Object.getPrototypeOf(next); next = Object.getPrototypeOf(next)) base = next;
  try {
    return Reflect.get(app, HANDLER) === Reflect.get(new (Object(base).constructor)(), HANDLER);
  } catch {
    return false; // not a Hono
  }
};

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
  if (watched.has(app) || !isHono(app)) return app;
  watched.set(app, false);
  watchHead(app);
  let handler: Handler = hasDefault(app) ? defaultHandler : Reflect.get(app, HANDLER);
  const handle: Handler = async (error, c) => {
    const exchange = exchangeOf(c);
    exchange?.addError(error);
    if (!watched.get(app)) return handler(error, c);
    try {
      return checkedResponse(await handler(error, c));
    } catch (thrown) {
      exchange?.addError(thrown);
      return c.json(errorBody(500), 500);
    }
  };
  Object.defineProperty(app, HANDLER, {
    get() {
      return handle;
    },
    set(next: Handler) {
      handler = next;
    },
  });
  return app;
};

/** Watches the app that an adapter serves: if its `onError` fails, the library makes the response. */
export const watchOutermost = (app: object): void => {
  watched.set(watch(app), true);
};
