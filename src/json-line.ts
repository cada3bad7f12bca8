/** Writes a record as one line of JSON; characters that are invisible, or that some readers take for a line break, are escaped. */
export const jsonLine = (record: object): string =>
  JSON.stringify(record).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{DI}]/gu, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
