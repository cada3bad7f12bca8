import type { Env } from 'hono';

/** The bindings that an app declares and a platform does not have by itself. */
export type OwnBindings<E extends Env, Platform> = E extends { Bindings: infer B extends object }
  ? Omit<B, keyof Platform>
  : Record<never, never>;

/** The option that hands an app what it declares as its bindings. */
export type WithBindings<B> =
  Record<never, never> extends B
    ? { /** What the app finds in `c.env`. */ bindings?: B }
    : { /** What the app finds in `c.env`. */ bindings: B };

/** Options may be left out if the app declares no bindings that it must have. */
export type OptionalIfEmpty<Options> =
  Record<never, never> extends Options ? [options?: Options] : [options: Options];

/** Checks a setting: an integer from 0 to `max`. */
export const integer = (name: string, value: string | number, max: number): number => {
  if (/^\d+$/.test(String(value)) && Number(value) <= max) return Number(value);
  const shown = typeof value === 'number' ? value : JSON.stringify(value);
  throw new RangeError(`${name}=${shown}: must be an integer from 0 to ${max}`);
};
