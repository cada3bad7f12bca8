import type { Context } from 'hono';
import { MAX_ID, traceIdOf, truncate } from '../log/access-record.ts';
import { attempt, messageOf } from '../log/error-record.ts';
import { jsonLine, withFields } from '../log/json-line.ts';
import { processLogs } from '../log/options.ts';
import { exchangeOf } from './exchange.ts';

const MAX_MESSAGE = 4_096;

/** Names the request that a line belongs to, by its id and its trace. */
const requestOf = (c: Context) => {
  // Hono's requestId() keeps its id here.
  const id = c.get('requestId') ?? c.req.header('x-request-id') ?? '';
  const traceId = traceIdOf(c.req.header('traceparent'));
  return { id: truncate(String(id), MAX_ID), ...(traceId && { trace_id: traceId }) };
};

/** The error that is given, or the first that is among the fields. */
const errorIn = (given: unknown): unknown =>
  attempt<unknown>(() => {
    if (given instanceof Error) return given;
    return Object.values(Object(given)).find((value) => value instanceof Error);
  }, undefined);

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
      const time = new Date().toISOString();
      const text = truncate(messageOf(message), MAX_MESSAGE);
      const line = withFields({ time, level, ...(c && requestOf(c)), message: text }, given);
      const thrown = errorIn(given);
      const exchange = c && exchangeOf(c);
      const logs = processLogs();
      if (exchange) exchange.addLine(line, thrown);
      else if (logs) logs.writeLine(line, thrown);
      else console.error(jsonLine(line)); // in process, as in `app.request`
    };
  return { info: write('INFO'), warn: write('WARN'), error: write('ERROR') };
};
