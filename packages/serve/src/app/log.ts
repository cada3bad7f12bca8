import type { Context, ExecutionContext } from 'hono';
import { MAX_ID, truncate } from '../log/access-record.ts';
import { loggedError } from '../log/error-record.ts';
import { jsonLine } from '../log/json-line.ts';
import { traceIdOf } from '../log/trace-id.ts';

const MAX_MESSAGE = 8_192;
const MAX_FIELD = 8_192; // workerd shows no more than 10,000 characters
const MAX_FIELDS = 64;

/** The levels of the app's log. */
export type Level = 'INFO' | 'WARN' | 'ERROR';

/** A line of the app's log. */
export interface AppLine {
  time: string; // RFC 3339
  level: Level;
  id: string; // of the request
  message: string;
  [field: string]: unknown;
}

/** The method of an execution context that takes a line of the app's log. */
export const takeLine = Symbol('takeLine');

/** An execution context that takes lines of the app's log; an empty id becomes the platform's. */
export interface LineTaker {
  [takeLine](line: AppLine): void;
}

const asPlain = (_: string, value: unknown): unknown => {
  if (value instanceof Error) return loggedError(value);
  return typeof value === 'bigint' ? String(value) : value;
};

/** Makes a value that JSON can hold, of a size that a log can. */
const loggable = (fields: object, name: string): unknown => {
  let value: unknown;
  try {
    value = Reflect.get(fields, name); // a getter may throw
    const json = JSON.stringify(value, asPlain);
    if (json === undefined) return typeof value === 'symbol' ? String(value) : undefined;
    return json.length > MAX_FIELD ? truncate(json, MAX_FIELD) : JSON.parse(json);
  } catch {
    try {
      return truncate(String(value), MAX_FIELD); // a circle, a symbol
    } catch {
      return 'a value that cannot be shown';
    }
  }
};

const appLine = (c: Context, level: Level, message: string, fields: object): AppLine => {
  // Hono's requestId() keeps its id here.
  const id = c.get('requestId') ?? c.req.header('x-request-id') ?? '';
  const traceId = traceIdOf(c.req.header('traceparent'));
  const always = {
    time: new Date().toISOString(),
    level,
    id: truncate(String(id), MAX_ID),
    ...(traceId && { trace_id: traceId }),
    message: truncate(String(message), MAX_MESSAGE),
  };
  const line: AppLine = { ...always };
  for (const name of Object.keys(fields ?? {}).slice(0, MAX_FIELDS))
    if (!(name in always)) line[name] = loggable(fields, name);
  return line;
};

/**
 * The app's log, beside the error log: on Node and Lambda lines of JSON on stderr, on Workers objects.
 * Each has the time, the level, the id of the request, the message and the fields that are given.
 * @example log(c).info('created', { slug })
 */
export const log = (c: Context) => {
  const write =
    (level: Level) =>
    (message: string, fields: object = {}): void => {
      const line = appLine(c, level, message, fields);
      try {
        const context: ExecutionContext & Partial<LineTaker> = c.executionCtx;
        context[takeLine]?.(line);
      } catch {
        // Hono throws where there is no execution context: in process, as in app.request.
        console.error(jsonLine(line));
      }
    };
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
};
