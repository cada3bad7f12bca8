export { watch } from './app/errors.ts';
export { log } from './app/log.ts';
export { maxConcurrentRequests } from './app/max-concurrent-requests.ts';
export type { AccessRecord } from './log/access-record.ts';
export type { ErrorRecord } from './log/error-record.ts';

/** What the adapters add to `c.env` on every platform: take it into your `Bindings` to use it. */
export interface ServeBindings {
  /** Fires when the process begins to shut down; on Workers and Lambda, never. */
  shutdown: AbortSignal;
}
