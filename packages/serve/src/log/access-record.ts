/** What happened in one exchange of a request and its response. */
export interface AccessEntry {
  time: number; // when it ended, in milliseconds since the epoch
  duration: number; // in milliseconds, with fractions
  id: string;
  remoteAddress: string;
  host: string;
  method: string;
  uri: string; // the request target with its query, as the platform hands it over
  userAgent: string;
  status: number;
  error: string; // the message of what was thrown, or why the request was refused; else empty
  bytesIn: number; // of the request's body
  bytesOut: number | null; // of the response's body; null if the platform does not tell
  traceId: string | undefined; // of the request's `traceparent`
}

/** Version 00 ends with the flags; later ones may go on. */
const validTraceparent =
  /^(?!ff|00.{54})[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/;

/**
 * The trace id in the `traceparent` of a request, so that its records and its trace can be joined;
 * undefined if there is none, or a malformed one.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export const traceIdOf = (traceparent: unknown): string | undefined =>
  validTraceparent.exec(String(traceparent))?.[1];

/** A record of the access log. */
export type AccessRecord = ReturnType<typeof accessRecord>;

/** How much of a request's id is logged. */
export const MAX_ID = 128;
const MAX_TEXT = 1024;

/** Bounds what a client can write into the log, and leaves no half of a surrogate pair behind. */
export const truncate = (text: string, length = MAX_TEXT): string =>
  text.length > length ? text.slice(0, length).toWellFormed() : text;

let lastTime = 0;
let lastTimestamp = '';

/** RFC 3339, memoized per millisecond. */
const timestamp = (time: number): string => {
  if (time !== lastTime) [lastTime, lastTimestamp] = [time, new Date(time).toISOString()];
  return lastTimestamp;
};

/** Formats nanoseconds as Go's `Duration.String` does, whose text Echo logs. */
const goDuration = (ns: number): string => {
  if (ns === 0) return '0s';
  if (ns < 1e3) return `${ns}ns`;
  if (ns < 1e6) return `${ns / 1e3}µs`;
  if (ns < 1e9) return `${ns / 1e6}ms`;
  const minutes = Math.floor(ns / 60e9);
  const hours = Math.floor(minutes / 60);
  return `${hours ? `${hours}h` : ''}${minutes ? `${minutes % 60}m` : ''}${(ns % 60e9) / 1e9}s`;
};

/**
 * Makes the record of an exchange in the fields of Echo's Logger, in its order, so that log
 * pipelines built for docker-gs-ping read the same fields. `latency` is in nanoseconds. A request that is part
 * of a trace has its id behind them.
 * @see https://echo.labstack.com/docs/middleware/logger
 */
export const accessRecord = (entry: AccessEntry) => {
  const latency = Math.round(entry.duration * 1e6);
  return {
    time: timestamp(entry.time),
    id: truncate(entry.id, MAX_ID),
    remote_ip: truncate(entry.remoteAddress),
    host: truncate(entry.host),
    method: truncate(entry.method),
    uri: truncate(entry.uri),
    user_agent: truncate(entry.userAgent),
    status: entry.status,
    error: truncate(entry.error),
    latency,
    latency_human: goDuration(latency),
    bytes_in: entry.bytesIn,
    bytes_out: entry.bytesOut,
    ...(entry.traceId && { trace_id: entry.traceId }),
  };
};
