import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import type { Database } from '../src/links.ts';

/** Opens a database of SQLite, which is made if there is none, and brings it up to date. */
export const openDatabase = (path: string) => {
  const sqlite = new DatabaseSync(path, { timeout: 5_000 }); // another process may be writing
  sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  const done = Number(sqlite.prepare('PRAGMA user_version').get()?.user_version);
  for (const [index, file] of readdirSync('migrations').sort().entries())
    if (index >= done)
      sqlite.exec(
        `BEGIN; ${readFileSync(`migrations/${file}`, 'utf8')}; PRAGMA user_version = ${index + 1}; COMMIT`,
      );

  const DB: Database = {
    prepare(sql) {
      const statement = sqlite.prepare(sql);
      return {
        bind: (...values) => ({
          async all() {
            await setImmediate(); // SQLite holds everything up: what is ready is sent first
            return { results: statement.all(...values) };
          },
        }),
      };
    },
  };
  return { DB, close: () => sqlite.close() };
};
