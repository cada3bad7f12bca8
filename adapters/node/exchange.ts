import { type IncomingMessage, ServerResponse } from 'node:http';

const byteLength = (chunk: unknown): number => {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk);
  return chunk instanceof Uint8Array ? chunk.byteLength : 0;
};

/** A response that knows what the access log asks of it. Node makes one for each request. */
export class Exchange extends ServerResponse<IncomingMessage> {
  /** When the request's header was read, on `performance.now`'s clock. */
  readonly startedAt = performance.now();
  /** The message of the error that the handler threw. */
  error = '';
  /** Bytes of body handed to the socket. */
  bytesOut = 0;

  override write(chunk: unknown, ...rest: unknown[]): boolean {
    this.bytesOut += byteLength(chunk);
    return super.write(chunk, ...(rest as [BufferEncoding]));
  }

  override end(chunk?: unknown, ...rest: unknown[]): this {
    this.bytesOut += byteLength(chunk);
    return super.end(chunk, ...(rest as [BufferEncoding]));
  }
}
