import type { Context, ExecutionContext } from 'hono';
import type { ErrorRecord } from '../log/error-record.ts';

/** What the helpers that an app calls see of the exchange that its request is part of. */
export interface AppExchange {
  /** The method that the client sent. */
  readonly method: string;
  /** Takes what the app threw. */
  addError(thrown: unknown): void;
  /** Writes a line of the app's log, and hands on the error in it. */
  addLine(line: ErrorRecord, thrown: unknown): void;
}

/** The property of an execution context that has the exchange. */
export const exchangeKey = Symbol();

/** What has an exchange. */
export interface ExchangeOwner {
  readonly [exchangeKey]: AppExchange;
}

/** The execution context of a request; undefined in process, as in `app.request`. */
export const executionCtxOf = (c: Context): ExecutionContext | undefined => {
  try {
    return c.executionCtx;
  } catch {
    return undefined; // Hono throws where there is none
  }
};

/** The exchange of a request; undefined where the library does not serve it. */
export const exchangeOf = (c: Context): AppExchange | undefined => {
  const owner: (ExecutionContext & Partial<ExchangeOwner>) | undefined = executionCtxOf(c);
  return owner?.[exchangeKey];
};
