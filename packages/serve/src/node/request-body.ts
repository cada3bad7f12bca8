import type { ChunkTaker, EventfulRequest } from './request.ts';
import type { LoggedResponse } from './response.ts';

const SMALL_BYTES = 512;
const BLOCK_BYTES = 4_096;
const WAIT_MS = 10; // for more small chunks
const MAX_CHUNKS = 512; // in a block: in smaller chunks, bytes cost some hundred times as much processor time

/**
 * Counts the body of a request as it comes, and joins its small chunks: with a buffer for each, a body
 * in chunks of one byte would take 100 times its size in memory.
 */
export class RequestBody implements ChunkTaker {
  readonly #request: EventfulRequest;
  readonly #response: LoggedResponse;
  #block: Buffer | undefined;
  #size = 0; // of what is in the block
  #chunks = 0; // that it is made of
  #timer: NodeJS.Timeout | undefined;
  #wantsMore = true;

  constructor(request: EventfulRequest, response: LoggedResponse) {
    this.#request = request;
    this.#response = response;
  }

  take(chunk: Uint8Array | null): boolean {
    const bytes = chunk?.length ?? 0;
    this.#response.bytesIn += bytes;
    if (!this.#response.hasRoom(bytes)) this.#request.socket.destroy();
    if (chunk === null || bytes >= SMALL_BYTES) {
      this.#flush();
      return this.#request.makeReadable(chunk);
    }
    if (this.#size + bytes > BLOCK_BYTES) this.#flush();
    this.#block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    this.#block.set(chunk, this.#size);
    this.#size += bytes;
    this.#chunks += 1;
    if (this.#chunks > MAX_CHUNKS) {
      this.#response.closeAfter();
      this.#response.fail(400, 'the chunks of the body are too small');
    }
    this.#timer ??= setTimeout(() => this.#flush(), WAIT_MS);
    return this.#wantsMore;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#block && this.#size > 0)
      this.#wantsMore = this.#request.makeReadable(
        Buffer.from(this.#block.subarray(0, this.#size)),
      );
    this.#size = 0;
    this.#chunks = 0;
  }
}
