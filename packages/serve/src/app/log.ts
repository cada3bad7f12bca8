import type { Context, ExecutionContext } from 'hono';
import { MAX_ID, truncate } from '../log/access-record.ts';
import { type ErrorRecord, messageOf, withFields } from '../log/error-record.ts';
import { jsonLine, plainFieldsOf, shortenedAlone } from '../log/json-line.ts';
import { processLogs } from '../log/options.ts';
import { traceIdOf } from '../log/trace-id.ts';

/** The method of an execution context that takes a line of the app's log. */
export const takeLine = Symbol();

/** An execution context that takes a line of the app's log, and the error in it; an empty id becomes the platform's. */
export interface LineTaker {
  [takeLine](line: ErrorRecord, thrown: unknown): void;
}

/** Names the request that a line belongs to, by its id and its trace. */
const requestOf = (c: Context) => {
  // Hono's requestId() keeps its id here.
  const id = c.get('requestId') ?? c.req.header('x-request-id') ?? '';
  const traceId = traceIdOf(c.req.header('traceparent'));
  return { id: truncate(String(id), MAX_ID), ...(traceId && { trace_id: traceId }) };
};

/** The error that is given, or the first that is among the fields. */
const errorIn = (given: unknown): unknown => {
  try {
    if (given instanceof Error) return given;
    return Object.values(Object(given)).find((value) => value instanceof Error);
  } catch {
    return undefined; // a getter may throw
  }
};

/** The execution context of a request, if it takes lines: not in process, as in `app.request`. */
const takerOf = (c: Context | undefined): Partial<LineTaker> | undefined => {
  try {
    const context: (ExecutionContext & Partial<LineTaker>) | undefined = c?.executionCtx;
    return context;
  } catch {
    return undefined; // Hono throws where there is none
  }
};

/**
 * The app's log, beside the error log: on Node and Lambda lines of JSON on stderr, on Workers objects.
 * Each has the time, the level, the id of the request, the message and the fields that are given. An
 * error that is given in their place is the field `error`. Without a request, as at the start, in a
 * timer or in `scheduled`, a line has no id.
 * @example log(c).info('created', { slug })
 */
export const log = (c?: Context) => {
  const write =
    (level: 'INFO' | 'WARN' | 'ERROR') =>
    (message: string, given?: unknown): void => {
      const record = {
        time: new Date().toISOString(),
        level,
        ...(c && requestOf(c)),
        message: shortenedAlone(messageOf(message)),
      };
      const thrown = errorIn(given);
      const fields = thrown !== undefined && thrown === given ? { error: given } : given;
      const line = withFields(record, plainFieldsOf(fields, record));
      const taker = takerOf(c);
      const logs = processLogs();
      if (taker?.[takeLine]) taker[takeLine](line, thrown);
      else if (logs) logs.writeLine(line, thrown);
      else console.error(jsonLine(line));
    };
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
};
