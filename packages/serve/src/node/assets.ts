import { statSync } from 'node:fs';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';

/** As much of the binding of Workers' static assets as an app uses. */
export interface Assets {
  /** Resolves with the file of a GET or HEAD request, or with 404. */
  fetch(request: Request): Response | Promise<Response>;
}

// How Workers are to serve the others: https://developers.cloudflare.com/workers/static-assets/headers/
const unserved = ['/_headers', '/_redirects', '/.assetsignore'];

/**
 * Serves the files of a folder, as the binding of Workers' static assets does: a folder is served by its `index.html`.
 * @param directory a path, as in `[assets]` of `wrangler.toml`
 * @throws if there is no such folder
 */
export const assets = (directory: string): Assets => {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
    throw new Error(`assets(${JSON.stringify(directory)}): must be a folder`);
  const files = new Hono();
  files.use(async (c, next) => (unserved.includes(c.req.path) ? c.notFound() : next()));
  files.use(serveStatic({ root: directory, allowPercentInPath: true }));
  files.notFound((c) => c.body(null, 404));
  return files;
};
