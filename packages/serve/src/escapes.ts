const MAX_MALFORMED = 16;

/** Percent-encoded UTF-8: the sequences of RFC 3629 §4. */
const wellFormed =
  /%(?:[0-7][\da-f]|(?:c[2-9a-f]|d[\da-f])%[89ab][\da-f]|(?:e0%[ab][\da-f]|e[1-9a-cef]%[89ab][\da-f]|ed%[89][\da-f])%[89ab][\da-f]|(?:f0%[9ab][\da-f]|f[1-3]%[89ab][\da-f]|f4%8[\da-f])(?:%[89ab][\da-f]){2})/gi;

const count = (text: string): number => text.split('%').length - 1;

/**
 * Whether a text of a request has so many malformed percent-escapes that decoding it would cost
 * hundreds of times what a request costs: Hono throws and catches an exception for each of them, in
 * a path, a query and a cookie.
 */
export const isCostlyToDecode = (text: string): boolean =>
  text.includes('%') &&
  count(text) > MAX_MALFORMED &&
  count(text.replace(wellFormed, '')) > MAX_MALFORMED;
