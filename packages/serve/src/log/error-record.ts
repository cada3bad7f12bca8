import { MAX_ID, truncate } from './access-record.ts';

const MAX_STACK = 8_192;
const MAX_MESSAGE = 65_536; // of an error whose stack is shown
const MAX_CAUSES = 8;
const MAX_OWN_FIELDS = 16;

/** Does what may throw where anything can have been thrown: a getter, or whatever is done with a revoked proxy. */
const attempt = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};

/** The message of whatever was thrown, never empty: anything can be thrown, and its properties can be of any type. */
export const messageOf = (thrown: unknown): string =>
  attempt(() => String(Object(thrown).message || thrown) || 'an empty string was thrown') ??
  'a value without a message was thrown'; // String(Object.create(null)) throws

/** The errors of an AggregateError, as many as are shown. */
const errorsOf = (thrown: unknown): unknown[] =>
  attempt(() => {
    const { errors } = Object(thrown);
    return Array.isArray(errors) ? errors.slice(0, MAX_CAUSES) : [];
  }) ?? [];

const causeOf = (thrown: unknown): unknown => attempt(() => Object(thrown).cause) ?? undefined;

/** The message of the innermost cause, or of the first of several errors: behind "fetch failed" it says why. */
export const reasonOf = (thrown: unknown): string => {
  let innermost = thrown;
  for (let depth = 0; depth < MAX_CAUSES; depth += 1)
    innermost = causeOf(innermost) ?? errorsOf(innermost)[0] ?? innermost;
  return messageOf(innermost);
};

/** What is told of a response of 500 or more that the app has made without an error. */
export const unseen = (status: number): string => `the app responded with ${status}`;

const stackOf = (thrown: unknown): string | undefined => {
  // V8 makes the stack when it is read, with the whole message in it: seconds for hundreds of megabytes.
  if (messageOf(thrown).length > MAX_MESSAGE) return undefined;
  const stack = attempt(() => Object(thrown).stack);
  return typeof stack === 'string' ? truncate(stack, MAX_STACK) : undefined;
};

/** An error in the error log. */
export interface LoggedError {
  message: string;
  stack: string | undefined;
  cause: LoggedError | undefined;
  errors: LoggedError[] | undefined;
  [field: string]: unknown; // its own `code`, `status`, `detail` and the like
}

/**
 * Makes what the error log has of an error.
 * @param left how many causes may be shown
 */
export const loggedError = (thrown: unknown, left = { count: MAX_CAUSES }): LoggedError => {
  const shown = (causes: unknown[]) =>
    causes.flatMap((cause) => (left.count-- > 0 ? [loggedError(cause, left)] : []));
  const cause = causeOf(thrown);
  const errors = errorsOf(thrown);
  const logged: LoggedError = {
    message: truncate(messageOf(thrown)),
    stack: stackOf(thrown),
    cause: cause === undefined ? undefined : shown([cause])[0],
    errors: errors.length > 0 ? shown(errors) : undefined,
  };
  // No objects: those of HTTP clients have whole requests in them, with their secrets.
  const own = typeof thrown === 'object' ? attempt(() => Object.entries(Object(thrown))) : [];
  for (const [name, value] of own?.slice(0, MAX_OWN_FIELDS) ?? [])
    if (!(name in logged) && /string|number|boolean/.test(typeof value))
      logged[truncate(name, MAX_ID)] = typeof value === 'string' ? truncate(value) : value;
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
  /** Of the request. */
  id?: string;
  method?: string;
  uri?: string;
  trace_id?: string;
  message: string;
  /** The app's own, or those of the error. */
  [field: string]: unknown;
}

/** Adds fields to a record; one whose name is taken gets a `_` behind it. */
export const withFields = <R extends object>(
  record: R,
  fields: object,
): R & Record<string, unknown> => {
  const added: Record<string, unknown> = {};
  for (let [name, value] of Object.entries(fields)) {
    while (name in record || name in added) name += '_';
    added[name] = value;
  }
  return { ...record, ...added };
};

/** Makes a record of the error log, in the fields and levels of Echo's own logger. */
export const errorRecord = (
  level: ErrorRecord['level'],
  thrown: unknown,
  request?: RequestName,
): ErrorRecord => {
  const { message, ...fields } = loggedError(thrown);
  const named = request && {
    id: truncate(request.id, MAX_ID),
    method: truncate(request.method),
    uri: truncate(request.uri),
    ...(request.traceId && { trace_id: request.traceId }),
  };
  return withFields({ time: new Date().toISOString(), level, ...named, message }, fields);
};
