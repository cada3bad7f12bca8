import { errorBody } from '../app/responses.ts';
import { MAX_ID, truncate } from './access-record.ts';

const MAX_STACK = 8_192;
const MAX_MESSAGE = 65_536; // of an error whose stack is shown
const MAX_CAUSES = 8;
const MAX_OWN = 16;

/** Does what may fail where anything may have been thrown: a getter may throw, and so does a revoked proxy. */
export const attempt = <T>(act: () => T, otherwise: T): T => {
  try {
    return act();
  } catch {
    return otherwise;
  }
};

const read = (thrown: unknown, name: string): unknown =>
  attempt(() => Object(thrown)[name] ?? undefined, undefined);

/** The message of whatever was thrown, never empty: anything can be thrown, and its properties can be of any type. */
export const messageOf = (thrown: unknown): string =>
  attempt(
    () => {
      const { message, status } = Object(thrown);
      const text = message || (status >= 400 && errorBody(status).message); // an HTTPException may have no message
      return String(text || thrown) || 'an empty string was thrown';
    },
    'a value without a message was thrown', // String(Object.create(null)) throws
  );

/** The errors of an AggregateError, as many as are shown. */
const errorsOf = (thrown: unknown): unknown[] | undefined =>
  attempt(() => {
    const { errors } = Object(thrown);
    return Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : undefined;
  }, undefined);

/** The message of the innermost cause, or of the first of several: behind "fetch failed" it says why. */
export const reasonOf = (thrown: unknown): string => {
  let innermost = thrown;
  for (let depth = 0; depth < MAX_CAUSES; depth += 1)
    innermost = read(innermost, 'cause') ?? errorsOf(innermost)?.[0] ?? innermost;
  return messageOf(innermost);
};

/** An error in the error log. */
export interface LoggedError {
  message: string;
  stack: string | undefined;
  cause: LoggedError | undefined;
  errors: LoggedError[] | undefined;
  [own: string]: unknown; // its `code`, `status`, `detail` and the like
}

/**
 * Makes what the error log has of an error.
 * @param left how many causes may be shown
 * @param record has names that are taken
 */
export const loggedError = (
  thrown: unknown,
  left = { count: MAX_CAUSES },
  record: object = {},
): LoggedError => {
  const message = messageOf(thrown);
  // V8 makes the stack when it is read, with the whole message in it: seconds for hundreds of megabytes.
  const stack = message.length > MAX_MESSAGE ? undefined : read(thrown, 'stack');
  const cause = read(thrown, 'cause');
  const logged: LoggedError = {
    message: truncate(message),
    stack: typeof stack === 'string' ? truncate(stack, MAX_STACK) : undefined,
    cause: cause === undefined || left.count-- < 1 ? undefined : loggedError(cause, left),
    errors: errorsOf(thrown)?.flatMap((each) => (left.count-- < 1 ? [] : loggedError(each, left))),
  };
  const own = attempt(() => Object.entries(thrown instanceof Object ? thrown : {}), []);
  // No objects: those of HTTP clients hold whole requests, with their secrets.
  for (const [name, value] of own.slice(0, MAX_OWN))
    if (!(name in logged) && /string|number|boolean/.test(typeof value))
      logged[name in record ? `${name}_` : truncate(name, MAX_ID)] =
        typeof value === 'string' ? truncate(value) : value;
  return logged;
};

/** The request that an error belongs to, by the same words as in its record of the access log. */
export interface RequestName {
  id: string;
  method: string;
  uri: string;
  traceId: string | undefined;
}

/** A record of the error log, or a line that the app writes there. */
export interface ErrorRecord {
  time: string; // RFC 3339
  level: 'INFO' | 'WARN' | 'ERROR' | 'FATAL';
  id?: string; // of the request
  method?: string;
  uri?: string;
  trace_id?: string;
  message: string;
  [field: string]: unknown;
}

/** Makes a record of the error log, in the fields and levels of Echo's own logger. */
export const errorRecord = (
  level: ErrorRecord['level'],
  thrown: unknown,
  request?: RequestName,
): ErrorRecord => {
  const record = {
    time: new Date().toISOString(),
    level,
    ...(request && {
      id: truncate(request.id, MAX_ID),
      method: request.method,
      uri: truncate(request.uri),
      ...(request.traceId && { trace_id: request.traceId }),
    }),
  };
  return { ...record, ...loggedError(thrown, undefined, record) };
};
