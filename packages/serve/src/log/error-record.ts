import { MAX_ID, truncate } from './access-record.ts';

const MAX_STACK = 8_192;
const MAX_MESSAGE = 65_536; // of an error whose stack is shown
const MAX_CAUSES = 8;

/** Reads a property of whatever was thrown: a getter may throw, and so does a revoked proxy. */
const read = (thrown: unknown, name: string): unknown => {
  try {
    return Object(thrown)[name];
  } catch {
    return undefined;
  }
};

/** The message of whatever was thrown, never empty: anything can be thrown, and its properties can be of any type. */
export const messageOf = (thrown: unknown): string => {
  try {
    return String(Object(thrown).message || thrown) || 'an empty string was thrown';
  } catch {
    return 'a value without a message was thrown'; // String(Object.create(null)) throws
  }
};

/** The errors of an AggregateError, as many as are shown. */
const errorsOf = (thrown: unknown): unknown[] => {
  try {
    const errors = read(thrown, 'errors');
    return Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [];
  } catch {
    return []; // a revoked proxy, or one with a getter that throws
  }
};

/** What an error was caused by: its `cause`, or the first of the errors of an AggregateError. */
const causeOf = (thrown: unknown): unknown => read(thrown, 'cause') ?? errorsOf(thrown)[0];

/** The message of the innermost cause: behind "fetch failed" it says why. */
export const reasonOf = (thrown: unknown): string => {
  let innermost = thrown;
  for (let depth = 0; depth < MAX_CAUSES; depth += 1) innermost = causeOf(innermost) ?? innermost;
  return messageOf(innermost);
};

const stackOf = (thrown: unknown): string | undefined => {
  // V8 makes the stack when it is read, with the whole message in it: seconds for hundreds of megabytes.
  if (messageOf(thrown).length > MAX_MESSAGE) return undefined;
  const stack = read(thrown, 'stack');
  return typeof stack === 'string' ? truncate(stack, MAX_STACK) : undefined;
};

/** What is told of a response to an error that the library did not see. */
export const unseen = (status: number): string =>
  `the response has status ${status}, and no error was seen: if an app within the app made it, such as a routed one with its own onError, hand that app to watch() of @edge-ping/serve`;

/** An error in the error log. */
export interface LoggedError {
  message: string;
  stack: string | undefined;
  cause?: LoggedError | undefined;
  errors?: LoggedError[] | undefined;
}

/**
 * Makes what the error log has of an error.
 * @param left how many causes may be shown
 */
export const loggedError = (thrown: unknown, left = { count: MAX_CAUSES }): LoggedError => {
  const shown = (cause: unknown) => {
    left.count -= 1;
    return left.count >= 0 ? loggedError(cause, left) : undefined;
  };
  const cause = read(thrown, 'cause');
  const errors = errorsOf(thrown);
  return {
    message: truncate(messageOf(thrown)),
    stack: stackOf(thrown),
    cause: cause === undefined || cause === null ? undefined : shown(cause),
    errors: errors.length > 0 ? errors.flatMap((error) => shown(error) ?? []) : undefined,
  };
};

/** The request that an error belongs to, by the same words as in its record of the access log. */
export interface RequestName {
  id: string;
  method: string;
  uri: string;
  traceId: string | undefined;
}

/** A record of the error log. */
export type ErrorRecord = ReturnType<typeof errorRecord>;

/** Makes a record of the error log, in the fields and levels of Echo's own logger. */
export const errorRecord = (
  level: 'WARN' | 'ERROR' | 'FATAL',
  thrown: unknown,
  request?: RequestName,
) => ({
  time: new Date().toISOString(),
  level,
  ...(request && {
    id: truncate(request.id, MAX_ID),
    method: truncate(request.method),
    uri: truncate(request.uri),
    ...(request.traceId && { trace_id: request.traceId }),
  }),
  ...loggedError(thrown),
});
