import type { D1Database } from '@cloudflare/workers-types';
import { worker } from '@edge-ping/serve/workers';
import { app } from '../src/app.ts';
import { removeExpired } from '../src/links.ts';

/** The Worker: `main` of wrangler.toml, which also says when `scheduled` runs. */
export default {
  ...worker(app),
  scheduled: (_: unknown, { DB }: { DB: D1Database }) => removeExpired(DB),
};
