import * as http from 'node:http';
import * as https from 'node:https';
import { brotliDecompressSync, gunzipSync, inflateSync, zstdDecompressSync } from 'node:zlib';

/** A response as it came; its body is decoded, and the names of its header fields are in lower case. */
export interface Received {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** A request as it goes over the wire; the path is sent as it is. */
export interface Sent {
  method?: string;
  path: string;
  requestBody?: string | undefined;
  headers?: Record<string, string>;
  /** The address to send it from. */
  localAddress?: string;
}

const decoders: Record<string, (body: Buffer) => Buffer> = {
  gzip: gunzipSync,
  'x-gzip': gunzipSync,
  deflate: inflateSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
};

/** Decodes a body as clients do, by its Content-Encoding. */
export const decodedBody = (body: Buffer, codings = ''): string => {
  let decoded = body;
  if (body.length > 0)
    for (const coding of codings.toLowerCase().split(/, */).reverse())
      decoded = decoders[coding]?.(decoded) ?? decoded;
  return decoded.toString();
};

/**
 * Sends a request on a connection of its own; follows no redirect.
 * @param timeout milliseconds until the response must be complete
 */
export const send = (base: string | URL, sent: Sent, timeout = 10_000): Promise<Received> =>
  new Promise((resolve, reject) => {
    const { request } = new URL(base).protocol === 'https:' ? https : http;
    const signal = AbortSignal.timeout(timeout);
    const fail = (error: unknown) =>
      reject(signal.aborted ? new Error(`no complete response within ${timeout} ms`) : error);
    const options = {
      method: sent.method ?? 'GET',
      path: sent.path,
      headers: sent.headers ?? {},
      localAddress: sent.localAddress,
      agent: false,
      signal,
    };
    request(base, options, async (response) => {
      try {
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk);
        const fields = Object.entries(response.headers);
        resolve({
          status: response.statusCode ?? 0,
          headers: Object.fromEntries(fields.map(([name, value]) => [name, String(value)])),
          body: decodedBody(Buffer.concat(chunks), response.headers['content-encoding']),
        });
      } catch (error) {
        fail(error);
      }
    })
      .on('error', fail)
      .end(sent.requestBody);
  });
