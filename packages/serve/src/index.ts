export type { AccessRecord } from './access-log.ts';
export { log } from './app-log.ts';
export type { ErrorRecord } from './error-log.ts';
export { watch } from './errors.ts';

/** What the adapters add to `c.env` on every platform: take it into your `Bindings` to use it. */
export interface ServeBindings {
  /** Fires when the process begins to shut down; on Workers and Lambda, never. */
  shutdown: AbortSignal;
}
