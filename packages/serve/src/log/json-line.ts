const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** Writes a record as one line of JSON, with invisible characters and line breaks of all kinds escaped. */
export const jsonLine = (record: object): string =>
  JSON.stringify(record).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu, (character) =>
    character.split('').map(escaped).join(''),
  );
