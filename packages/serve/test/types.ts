import { type Env, Hono } from 'hono';
import { Hono as QuickHono } from 'hono/quick';
import { Hono as TinyHono } from 'hono/tiny';
import type { ServeBindings } from '../src/index.ts';
import { createServer, type NodeBindings, serve } from '../src/node/serve.ts';
import { lambda } from '../src/web/lambda.ts';
import { worker } from '../src/web/workers.ts';

// What the types let pass and what they refuse. The compiler checks this file; nothing runs it.

/** As much of D1's as a test needs. */
interface Database {
  prepare(query: string): { all(): Promise<unknown> };
}
declare const DB: Database;

// An app without bindings needs no options.
const plain = new Hono();
serve(plain);
serve(plain, {});
serve(plain, { name: 'plain 1.0.0', port: 0, hostname: '127.0.0.1', deadline: 1_000 });
serve(plain, { trustProxy: 1, onShutdown: () => {} });
serve(plain, { onShutdown: async () => {} });
createServer(plain);
createServer(plain, { trustProxy: 1, onShutdown: () => {} });
worker(plain);
lambda(plain);

// A misspelt option is refused, and one that only `serve` has.
// @ts-expect-error
serve(plain, { prot: 8080 });
// @ts-expect-error
createServer(plain, { onShutDown: () => {} });
// @ts-expect-error
createServer(plain, { port: 8080 });
// @ts-expect-error
serve(plain, { port: '8080' });

// Bindings that the app declares are required on Node.
const withDatabase = new Hono<{ Bindings: { DB: Database } }>();
serve(withDatabase, { bindings: { DB } });
createServer(withDatabase, { bindings: { DB } });
worker(withDatabase);
lambda(withDatabase, { bindings: { DB } });
// @ts-expect-error
lambda(withDatabase);
// @ts-expect-error
lambda(plain, { port: 8080 });
// @ts-expect-error
serve(withDatabase);
// @ts-expect-error
serve(withDatabase, {});
// @ts-expect-error
serve(withDatabase, { name: 'no bindings' });
// @ts-expect-error
serve(withDatabase, { bindings: {} });
// @ts-expect-error
createServer(withDatabase);
// @ts-expect-error
createServer(withDatabase, { trustProxy: 1 });

// They must be of the declared types, and spelt as declared.
// @ts-expect-error
serve(withDatabase, { bindings: { DB: 'postgres://localhost' } });
// @ts-expect-error
createServer(withDatabase, { bindings: { DB: undefined } });
// @ts-expect-error
serve(withDatabase, { bindings: { DB, BD: DB } });

// Optional ones may be left out.
const optional = new Hono<{ Bindings: { DB?: Database; GREETING?: string } }>();
serve(optional);
serve(optional, { bindings: {} });
serve(optional, { bindings: { GREETING: 'Hi' } });
createServer(optional);
// @ts-expect-error
serve(optional, { bindings: { GREETING: 1 } });
const mixed = new Hono<{ Bindings: { DB: Database; GREETING?: string } }>();
serve(mixed, { bindings: { DB } });
// @ts-expect-error
serve(mixed, { bindings: { GREETING: 'Hi' } });

// What the library adds by itself need not be passed.
const withShutdown = new Hono<{ Bindings: ServeBindings }>();
withShutdown.get('/', (c) => c.json(c.env.shutdown.aborted));
serve(withShutdown);
createServer(withShutdown);
worker(withShutdown);
lambda(withShutdown);
const withNode = new Hono<{ Bindings: NodeBindings }>();
withNode.get('/', (c) => c.text(c.env.incoming.httpVersion));
serve(withNode);
createServer(withNode);
const withAll = new Hono<{ Bindings: NodeBindings & ServeBindings & { DB: Database } }>();
serve(withAll, { bindings: { DB } });
// @ts-expect-error
serve(withAll);
interface Extended extends ServeBindings {
  DB: Database;
}
serve(new Hono<{ Bindings: Extended }>(), { bindings: { DB } });

// Where an app doesn't say what its bindings are, any will do.
const unknown = new Hono<Env>();
serve(unknown);
serve(unknown, { bindings: { DB } });
const named = new Hono<{ Bindings: Record<string, string> }>();
serve(named);
serve(named, { bindings: { GREETING: 'Hi' } });
// @ts-expect-error
serve(named, { bindings: { GREETING: 1 } });

// Variables of an app are no bindings.
const withVariables = new Hono<{ Variables: { user: string } }>();
serve(withVariables);
createServer(withVariables);
worker(withVariables);
const withBoth = new Hono<{ Bindings: { DB: Database }; Variables: { user: string } }>();
serve(withBoth, { bindings: { DB } });
// @ts-expect-error
serve(withBoth);

// An app in each of Hono's presets, of a class of its own, chained with its schema, below a path.
class DocumentedHono<E extends { Bindings: object }> extends Hono<E> {
  document = {};
}
const documented = new DocumentedHono<{ Bindings: { DB: Database } }>();
serve(documented, { bindings: { DB } });
worker(documented);
// @ts-expect-error
serve(documented);

const tiny = new TinyHono<{ Bindings: { DB: Database } }>();
const quick = new QuickHono();
serve(tiny, { bindings: { DB } });
// @ts-expect-error
serve(tiny);
serve(quick);
createServer(quick);
worker(tiny);
worker(quick);
lambda(tiny, { bindings: { DB } });
lambda(quick);

const chained = new Hono<{ Bindings: { DB: Database } }>()
  .get('/links', (c) => c.json([{ slug: 'a' }]))
  .post('/links', (c) => c.json({ slug: 'b' }, 201))
  .use('/admin/*', async (_, next) => next())
  .route(
    '/nested',
    new Hono().get('/', (c) => c.text('')),
  );
serve(chained, { bindings: { DB } });
worker(chained);
lambda(chained, { bindings: { DB } });
// @ts-expect-error
serve(chained);

const below = new Hono().basePath('/api').get('/links', (c) => c.json([]));
serve(below);
createServer(below);
worker(below);
lambda(below);

// What is no Hono app is refused.
// @ts-expect-error
serve({ fetch: () => new Response() });
// @ts-expect-error
worker({ fetch: () => new Response() });

// Other handlers go beside a Worker's `fetch`.
const handlers = { ...worker(withDatabase), scheduled: async () => {}, queue: async () => {} };
handlers satisfies { fetch: unknown; scheduled: () => unknown; queue: () => unknown };
