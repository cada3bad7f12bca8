const [major = 0, minor = 0] = (process.versions.undici ?? '').split('.').map(Number);

/** What Node's fetch decodes: zstd since undici 7.11, of Node 24.6. */
const decodable =
  major > 7 || (major === 7 && minor >= 11)
    ? /^(?:(?:x-)?gzip|deflate|br|zstd)$/i
    : /^(?:(?:x-)?gzip|deflate|br)$/i;

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
