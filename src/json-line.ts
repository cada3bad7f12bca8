/** Writes a record as one line of JSON, with invisible characters and line breaks of all kinds escaped. */
export const jsonLine = (record: object): string =>
  JSON.stringify(record).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
