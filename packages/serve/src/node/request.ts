import { IncomingMessage } from 'node:http';

type Listener = Parameters<IncomingMessage['on']>[1];

/**
 * An IncomingMessage whose 'end' and 'close' come to who listens for them. For a request without a
 * body, `optimizeEmptyRequests` leaves them out.
 */
export class EventfulRequest extends IncomingMessage {
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
