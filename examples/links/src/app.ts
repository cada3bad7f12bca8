import { log, type ServeBindings } from '@edge-ping/serve';
import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { env } from 'hono/adapter';
import { bearerAuth } from 'hono/bearer-auth';
import { bodyLimit } from 'hono/body-limit';
import { except } from 'hono/combine';
import { cors } from 'hono/cors';
import { csrf } from 'hono/csrf';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { streamSSE } from 'hono/streaming';
import { timeout } from 'hono/timeout';
import { timingSafeEqual } from 'hono/utils/buffer';
import * as z from 'zod';
import {
  addClick,
  addLink,
  clicksAfter,
  type Database,
  findUrl,
  readStats,
  removeLink,
} from './links.ts';

export interface Bindings extends ServeBindings {
  ASSETS: { fetch(request: Request): Response | Promise<Response> };
  DB: Database;
}

const DAY_S = 86_400;
const POLL_MS = 1_000;

// Paths of the service's own.
const reserved = ['health', 'links'];

const newLink = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  slug: z
    .string()
    .regex(/^[\w-]{1,64}$/)
    .refine((slug) => !reserved.includes(slug), 'Reserved')
    .default(randomSlug),
  expiresIn: z
    .int()
    .min(1)
    .max(365 * DAY_S)
    .default(30 * DAY_S), // seconds
});

/** Eight characters of base64url. */
function randomSlug(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(6));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_');
}

export const app = new Hono<{ Bindings: Bindings }>();

app.use(requestId());
app.use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"] } }));
app.use(except('/links/:slug/live', timeout(5_000)));

app.get('/health', (c) => c.json({ status: 'ok' }, 200, { 'Cache-Control': 'no-store' }));

app.post(
  '/links',
  csrf(),
  bodyLimit({ maxSize: 8_192 }),
  zValidator('json', newLink, (result, c) =>
    result.success ? undefined : c.json({ errors: z.flattenError(result.error).fieldErrors }, 400),
  ),
  async (c) => {
    const { url, slug, expiresIn } = c.req.valid('json');
    const expires = Date.now() + expiresIn * 1_000;
    if (!(await addLink(c.env.DB, { slug, url, expires })))
      return c.json({ errors: { slug: ['Taken'] } }, 409);
    log(c).info('created', { slug });
    return c.json({ slug, url, link: new URL(`/${slug}`, c.req.url).href }, 201);
  },
);

// Any page may show what a link did.
app.get('/links/:slug/stats', cors(), async (c) => {
  const stats = await readStats(c.env.DB, c.req.param('slug'));
  return stats ? c.json(stats) : c.notFound();
});

app.delete(
  '/links/:slug',
  // Without a secret nobody may: no token is empty.
  bearerAuth({
    verifyToken: (token, c) =>
      timingSafeEqual(token, env<{ ADMIN_TOKEN?: string }>(c).ADMIN_TOKEN ?? ''),
  }),
  async (c) =>
    (await removeLink(c.env.DB, c.req.param('slug'))) ? c.body(null, 204) : c.notFound(),
);

// An event for each click. A Worker has many isolates, which have only the database in common.
app.get('/links/:slug/live', cors(), async (c) => {
  const slug = c.req.param('slug');
  if (!(await findUrl(c.env.DB, slug))) return c.notFound();
  return streamSSE(c, async (stream) => {
    const end = AbortSignal.any([c.req.raw.signal, c.env.shutdown]);
    let last = Number(c.req.header('Last-Event-ID')) || 0;
    while (!end.aborted) {
      for (const { id, time } of await clicksAfter(c.env.DB, slug, last)) {
        await stream.writeSSE({ event: 'click', id: String(id), data: time });
        last = id;
      }
      await stream.write(':\n\n'); // a comment, which shows whether the client is still there
      await stream.sleep(POLL_MS);
    }
  });
});

app.get('/:slug{[\\w-]+}', async (c) => {
  const slug = c.req.param('slug');
  const url = await findUrl(c.env.DB, slug);
  if (!url) return c.notFound();
  c.executionCtx.waitUntil(addClick(c.env.DB, slug));
  return c.redirect(url);
});

// The page.
app.get('*', async (c) => {
  const asset = await c.env.ASSETS.fetch(c.req.raw);
  return asset.status === 404 ? c.notFound() : c.newResponse(asset.body, asset);
});

app.notFound((c) => c.json({ message: 'Not Found' }, 404));
