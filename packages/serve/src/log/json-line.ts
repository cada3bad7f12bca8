import { truncate } from './access-record.ts';
import { loggedError } from './error-record.ts';

/** The most bytes of a line: containerd and Docker split what is longer, with its newline, than 16 KiB. */
const MAX_LINE = 16_383;
const MAX_NAME = 128;
const RESERVE = 1_024; // for the last name that there is room for
const LEAST_ROOM = 64; // for a field more

// What is not seen: characters of control and format, line separators, ignorable ones, and blank symbols.
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}\u2800\u{13441}\u{13442}\u{1d159}]/gu;

const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

const json = (value: unknown): string =>
  JSON.stringify(value).replace(invisible, (character) =>
    character.split('').map(escaped).join(''),
  );

const encoder = new TextEncoder();

/** How many bytes a text or a record takes in a line. */
const sizeOf = (value: unknown): number => encoder.encode(json(value)).length;

/** How many bytes of a line are left. */
interface Room {
  left: number;
}

/** Shortens a text to half of what is left, so that something is left for what follows. */
const shortened = (text: string, room: Room): string => {
  const most = Math.max(room.left / 2, 2);
  let fitting = text.slice(0, most);
  let size = sizeOf(fitting);
  for (; size > most; size = sizeOf(fitting))
    fitting = fitting.slice(0, (fitting.length * most) / size);
  room.left -= size;
  return fitting.length < text.length ? fitting.toWellFormed() : text;
};

const UNSHOWN = 'a value that cannot be shown';

/** Reads a property, whose getter may throw. */
const read = (object: object, name: string): unknown => {
  try {
    return Reflect.get(object, name);
  } catch {
    return UNSHOWN;
  }
};

/** The names and values of an object, or of what has pairs of them: a Map, Headers, FormData and the like. */
function* entriesOf(value: object): Iterable<[unknown, unknown]> {
  if (Symbol.iterator in value && 'entries' in value && typeof value.entries === 'function')
    yield* value.entries();
  else for (const name of Object.keys(value)) yield [name, read(value, name)];
}

const plainList = (items: Iterable<unknown>, room: Room, around: readonly object[]): unknown[] => {
  const list: unknown[] = [];
  for (const item of items) {
    if (room.left < LEAST_ROOM) return [...list, '…'];
    list.push(plain(item, room, around) ?? null);
    room.left -= 1;
  }
  return list;
};

const plainFields = (
  entries: Iterable<[unknown, unknown]>,
  room: Room,
  around: readonly object[],
): object => {
  const fields: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    if (value === undefined || typeof value === 'function') continue;
    if (room.left < LEAST_ROOM) return { ...fields, '…': '…' };
    let name = truncate(String(key), MAX_NAME);
    while (name in fields) name += '_';
    room.left -= sizeOf(name) + 2;
    fields[name] = plain(value, room, around);
  }
  return fields;
};

const plainObject = (value: object, room: Room, around: readonly object[]): unknown => {
  if (value instanceof Error) return plainFields(entriesOf(loggedError(value)), room, around);
  if ('toJSON' in value && typeof value.toJSON === 'function')
    return plain(value.toJSON(), room, around);
  if (Array.isArray(value) || value instanceof Set) return plainList(value, room, around);
  const fields = plainFields(entriesOf(value), room, around);
  const isEmpty = Object.keys(fields).length === 0 && !('entries' in value);
  // What keeps all that it has to itself, such as a Request or a pattern, has at least a name.
  return isEmpty && (value.constructor ?? Object) !== Object
    ? shortened(String(value), room)
    : fields;
};

/** Makes plain data of a value, as much as there is room for: an object takes half of it at most. */
const plain = (value: unknown, room: Room, around: readonly object[] = []): unknown => {
  if (typeof value === 'string') return shortened(value, room);
  if (typeof value === 'bigint' || typeof value === 'symbol') return shortened(String(value), room);
  if (typeof value !== 'object' || value === null) {
    room.left -= 24; // the longest number
    return typeof value === 'function' ? undefined : value;
  }
  if (around.includes(value)) return shortened('[circular]', room);
  const half = room.left / 2;
  const inner = { left: half };
  try {
    const shown = plainObject(value, inner, [...around, value]);
    room.left -= half - inner.left;
    return shown;
  } catch {
    return shortened(UNSHOWN, room);
  }
};

/** Shortens a text that is alone in a line but for a little. */
export const shortenedAlone = (text: string): string => shortened(text, { left: MAX_LINE });

/**
 * Makes plain fields of whatever is given, which fit into a line with the record that they are added
 * to. What has no fields becomes the one field `value`.
 */
export const plainFieldsOf = (given: unknown, record: object): object => {
  const shown = plain(given, { left: 2 * (MAX_LINE - RESERVE - sizeOf(record)) }) ?? {};
  return typeof shown === 'object' && !Array.isArray(shown) ? shown : { value: shown };
};

/** Writes a record as one line of JSON, with invisible characters and line breaks of all kinds escaped. */
export const jsonLine = (record: object): string => {
  const line = json(record);
  const isShort = line.length < MAX_LINE / 3 || encoder.encode(line).length <= MAX_LINE;
  return isShort ? line : json(plainFieldsOf(record, {}));
};
