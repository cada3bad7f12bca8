const MAX_MALFORMED = 16;

/**
 * Whether a text of a request has so many malformed percent-escapes that decoding it would cost
 * hundreds of times what a request costs: in a path, a query and a cookie, Hono throws and catches
 * an exception for each run of escapes that is malformed.
 */
export const isCostlyToDecode = (text: string): boolean => {
  if (!text.includes('%')) return false;
  let malformed = 0;
  for (const [escapes] of text.matchAll(/(?:%[\da-f]{2})+|%/gi))
    try {
      decodeURIComponent(escapes);
    } catch {
      if (++malformed > MAX_MALFORMED) return true;
    }
  return false;
};
