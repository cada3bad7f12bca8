const decodable = /^(?:(?:x-)?gzip|deflate|br)$/i; // by Node's fetch, in all versions

/**
 * Takes off a response that Node's `fetch` has made what no longer holds: it has decoded the body, but
 * left the fields of the encoded one. Whatever else made a response knows its fields.
 */
export const decodedFetch = (response: Response): Response => {
  const codings = response.url ? (response.headers.get('Content-Encoding') ?? '') : '';
  if (!codings || !response.body) return response;
  if (!codings.split(',').every((coding) => decodable.test(coding.trim()))) return response;
  const copy = new Response(response.body, response);
  copy.headers.delete('Content-Encoding');
  copy.headers.delete('Content-Length');
  return copy;
};
