/** Version 00 ends with the flags; later ones may go on. */
const valid =
  /^(?:00-(?=.{52}$)|(?!00|ff)[\da-f]{2}-)(?!0{32})([\da-f]{32})-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/;

/**
 * The trace id in the `traceparent` of a request, so that its records and its trace can be joined;
 * undefined if there is none, or a malformed one.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 */
export const traceIdOf = (traceparent: unknown): string | undefined =>
  typeof traceparent === 'string' ? valid.exec(traceparent)?.[1] : undefined;
