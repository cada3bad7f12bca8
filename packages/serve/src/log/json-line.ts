import { truncate } from './access-record.ts';
import { attempt, loggedError } from './error-record.ts';

const MAX_LINE = 16_000; // bytes: containerd and Docker split what is longer than 16 KiB
const MAX_NAME = 128;
const LEAST_ROOM = 64; // for a field more
const UNSHOWN = 'a value that cannot be shown';

// What is not seen: characters of control and format, line separators, ignorable ones, and blank symbols.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\u2800\u{13441}\u{13442}\u{1d159}]/gu;

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const json = (value: unknown): string =>
  JSON.stringify(value).replace(invisible, (character) =>
    character.split('').map(escaped).join(''),
  );

const encoder = /* @__PURE__ */ new TextEncoder();
const sizeOf = (line: string): number => encoder.encode(line).length;

const sizeOfText = (text: string): number =>
  /^[ !#-[\]-~]*$/.test(text) ? text.length + 2 : sizeOf(json(text)); // most have nothing to escape

/** How many bytes of a line are left. */
interface Room {
  left: number;
}

/** Shortens a text to half of what is left, so that something is left for what follows. */
const shortened = (text: string, room: Room): string => {
  const most = Math.max(room.left / 2, 2);
  let fitting = truncate(text, most);
  let size = sizeOfText(fitting);
  for (; size > most; size = sizeOfText(fitting))
    fitting = truncate(fitting, (fitting.length * most) / size);
  room.left -= size;
  return fitting;
};

/** The names and values of an object, or of what has pairs of them: a Map, Headers, FormData and the like. */
const entriesOf = (value: object): Iterable<[unknown, unknown]> =>
  Symbol.iterator in value && 'entries' in value && typeof value.entries === 'function'
    ? value.entries()
    : Object.keys(value).map((name) => [name, attempt(() => Reflect.get(value, name), UNSHOWN)]);

const plainFields = (
  given: object,
  room: Room,
  around: readonly unknown[],
  taken: object = {},
): Record<string, unknown> => {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of entriesOf(given)) {
    if (value === undefined || typeof value === 'function') continue;
    if (room.left < LEAST_ROOM) return { ...fields, '…': '…' };
    let name = shortened(truncate(String(key), MAX_NAME), room);
    for (; name in fields || name in taken; room.left -= 1) name += '_';
    fields[name] = plain(value, room, around);
  }
  return fields;
};

const plainObject = (value: object, room: Room, around: readonly unknown[]): unknown => {
  if (value instanceof Error) return plainFields(loggedError(value), room, around);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain(value.toJSON(), room, around);
  if (Array.isArray(value) || value instanceof Set) {
    const list: unknown[] = [];
    for (const item of value) {
      if (room.left < LEAST_ROOM) return [...list, '…'];
      list.push(plain(item, room, around) ?? null);
    }
    return list;
  }
  const fields = plainFields(value, room, around);
  if (Object.keys(fields).length > 0 || 'entries' in value) return fields;
  const tag: string = Object.prototype.toString.call(value); // such as [object Request]
  return tag === '[object Object]' ? fields : tag;
};

/** Makes plain data of a value, as much as there is room for: an object takes half of it at most. */
const plain = (value: unknown, room: Room, around: readonly unknown[]): unknown => {
  if (/string|bigint|symbol/.test(typeof value)) return shortened(String(value), room);
  if (typeof value !== 'object' || value === null) {
    room.left -= 24; // the longest number
    return typeof value === 'function' ? undefined : value;
  }
  const inner = { left: room.left / 2 };
  const shown = around.includes(value)
    ? '[circular]'
    : attempt(() => plainObject(value, inner, [...around, value]), UNSHOWN);
  if (typeof shown === 'string') return shortened(shown, room);
  room.left = room.left / 2 + inner.left;
  return shown;
};

const fieldsOf = (given: unknown): object => {
  if (given instanceof Error) return { error: given };
  return typeof given !== 'object' || Array.isArray(given) ? { value: given } : (given ?? {});
};

/**
 * Adds fields to a record, as plain data and as many as a line holds. An error that is given in their
 * place is `error`, and what is no object `value`. A name that is taken gets a `_` behind it.
 */
export const withFields = <R extends object>(
  record: R,
  given: unknown,
): R & Record<string, unknown> => {
  const room = { left: MAX_LINE - sizeOf(json(record)) };
  const add = () => {
    const fields = fieldsOf(given);
    return plainFields(fields, room, [fields], record);
  };
  return { ...record, ...attempt(add, { value: UNSHOWN }) };
};

/** Writes a record as one line of JSON, with invisible characters and line breaks of all kinds escaped. */
export const jsonLine = (record: object): string => {
  const line = json(record);
  const isShort = line.length * 3 <= MAX_LINE || sizeOf(line) <= MAX_LINE;
  return isShort ? line : json(withFields({}, record));
};
