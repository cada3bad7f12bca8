import * as z from 'zod';

/** As much of D1 as the service uses. On Workers it is a D1 database, on Node it is SQLite. */
export interface Database {
  prepare(sql: string): {
    bind(...values: (string | number)[]): { all(): Promise<{ results: unknown[] }> };
  };
}

const query = async (database: Database, sql: string, ...values: (string | number)[]) =>
  (
    await database
      .prepare(sql)
      .bind(...values)
      .all()
  ).results;

const isoTime = z.number().transform((time) => new Date(time).toISOString());

const link = z.object({ url: z.string() });
const stats = link.extend({ slug: z.string(), expires: isoTime, clicks: z.number() });

/** Adds a link, unless another has its slug; resolves with whether it did. */
export const addLink = async (
  database: Database,
  { slug, url, expires }: { slug: string; url: string; expires: number },
): Promise<boolean> => {
  const sql =
    'INSERT INTO links (slug, url, expires) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING slug';
  return (await query(database, sql, slug, url, expires)).length > 0;
};

/** Finds where a link leads to, if it has not expired. */
export const findUrl = async (database: Database, slug: string) => {
  const sql = 'SELECT url FROM links WHERE slug = ? AND expires > ?';
  const [row] = await query(database, sql, slug, Date.now());
  return link.optional().parse(row)?.url;
};

/** Reads what there is to know of a link that has not expired. */
export const readStats = async (database: Database, slug: string) => {
  const sql = `SELECT slug, url, expires, (SELECT count(*) FROM clicks WHERE slug = links.slug) AS clicks
    FROM links WHERE slug = ? AND expires > ?`;
  const [row] = await query(database, sql, slug, Date.now());
  return stats.optional().parse(row);
};

/** Removes a link with its clicks; resolves with whether there was one. */
export const removeLink = async (database: Database, slug: string): Promise<boolean> =>
  (await query(database, 'DELETE FROM links WHERE slug = ? RETURNING slug', slug)).length > 0;

/** Removes the links that have expired. */
export const removeExpired = async (database: Database): Promise<void> => {
  await query(database, 'DELETE FROM links WHERE expires <= ?', Date.now());
};

/** Counts a click, unless the link has just been removed. */
export const addClick = async (database: Database, slug: string): Promise<void> => {
  const sql = 'INSERT INTO clicks (slug, time) SELECT slug, ? FROM links WHERE slug = ?';
  await query(database, sql, Date.now(), slug);
};

const clicks = z.array(z.object({ id: z.number(), time: isoTime }));

/** The clicks that came after one, in their order. */
export const clicksAfter = async (database: Database, slug: string, id: number) => {
  const sql = 'SELECT id, time FROM clicks WHERE slug = ? AND id > ? ORDER BY id LIMIT 100';
  return clicks.parse(await query(database, sql, slug, id));
};
