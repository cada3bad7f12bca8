import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

/** A server that an app fetches from. */
export interface Upstream {
  url: string;
  stop(): void;
}

const codings: Record<string, (text: Buffer) => Buffer> = {
  gzip: gzipSync,
  'x-gzip': gzipSync,
  GZIP: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
  'gzip, br': (text) => brotliCompressSync(gzipSync(text)),
  unknown: (text) => text,
};

/** Starts a server whose body is `plain`, in the content coding that the query names, if it does. */
export const startUpstream = async (): Promise<Upstream> => {
  const server = createServer(({ method, url = '' }, response) => {
    const coding = new URL(url, 'http://h').searchParams.get('coding') ?? '';
    const encode = codings[coding];
    const body = encode?.(Buffer.from('plain')) ?? 'plain';
    response.writeHead(200, {
      'Content-Type': 'text/css',
      'X-Upstream': 'yes',
      'X-Method': method,
      'Content-Length': Buffer.byteLength(body),
      ...(encode && { 'Content-Encoding': coding }),
    });
    response.end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
};
