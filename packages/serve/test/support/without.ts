// For --import: a process in which what isn't public is gone, as after a release that renames it.
// WITHOUT lists the properties, which the library reads by Reflect.get or finds by their symbols.

const without = (process.env.WITHOUT ?? '').split(',');

const { get } = Reflect;
Reflect.get = (target: object, key: PropertyKey, ...rest: unknown[]) =>
  without.includes(String(key)) ? undefined : get(target, key, ...rest);

if (without.includes('Symbol(cache)')) {
  const { getOwnPropertySymbols } = Object;
  Object.getOwnPropertySymbols = (value) =>
    value instanceof Response ? [] : getOwnPropertySymbols(value);
}
