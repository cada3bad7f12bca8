import { IncomingMessage } from 'node:http';

type Listener = Parameters<IncomingMessage['on']>[1];

/** What takes the chunks of a request's body as they come, to make them readable. */
export interface ChunkTaker {
  /**
   * @param chunk null at the end
   * @returns whether more may come
   */
  take(chunk: Uint8Array | null): boolean;
}

/**
 * An IncomingMessage whose 'end' and 'close' come to those who listen for them, also for a request
 * without a body, for which `optimizeEmptyRequests` leaves them out.
 */
export class EventfulRequest extends IncomingMessage {
  // An object, because V8 keeps functions that are made for each request, and all that they hold, until
  // it collects its old space.
  chunkTaker: ChunkTaker | undefined;

  /** Called by Node's parser. */
  override push(chunk: Uint8Array | null): boolean {
    return this.chunkTaker ? this.chunkTaker.take(chunk) : this.makeReadable(chunk);
  }

  makeReadable(chunk: Uint8Array | null): boolean {
    return super.push(chunk);
  }

  override on(event: string, listener: Listener): this {
    super.on(event, listener);
    const { 'content-length': length, 'transfer-encoding': coding } = this.headers;
    if ((event === 'end' || event === 'close') && length === undefined && coding === undefined)
      setImmediate(() => {
        if (this.rawListeners(event).includes(listener)) listener.call(this);
      });
    return this;
  }

  override addListener(event: string, listener: Listener): this {
    return this.on(event, listener);
  }
}
