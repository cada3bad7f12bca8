import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { HonoBase } from 'hono/hono-base';
import { HTTPException } from 'hono/http-exception';
import { Hono as QuickHono } from 'hono/quick';
import { requestId } from 'hono/request-id';
import { timeout } from 'hono/timeout';
import { Hono as TinyHono } from 'hono/tiny';
import { log, watch } from '../../src/index.ts';

// Apps that fail in every way at /fail. Each is owed what cases.ts says.

const error = () => new Error('a secret');

/** A proxy that throws whatever is done with it. */
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};

/** Adds middlewares whose header fields the responses keep: cors() sets them on `c.res`, the others by `c.header`. */
const withMiddlewares = <App extends HonoBase>(app: App): App => {
  app.use(requestId(), cors(), async (c, next) => {
    c.header('Set-Cookie', 'visited=1');
    await next();
  });
  return app;
};

/** Adds /fail, which throws what `thrown` makes. */
const throwing = <App extends HonoBase>(app: App, thrown: () => unknown = error): App => {
  app.get('/fail', () => {
    throw thrown();
  });
  return app;
};

/** An app with the middlewares. */
export const outer = () => withMiddlewares(new Hono());

/** An app with the middlewares and a /fail behind them. */
export const failing = (thrown?: () => unknown) => throwing(outer(), thrown);

const own = (app: HonoBase): HonoBase => app.onError((_, c) => c.text('its own', 500));

/** An app to route or to mount, which handles its errors by itself. */
const inner = (): Hono => throwing(new Hono()).onError((_, c) => c.text('the inner one', 500));

/** Sets an onError that only code without types can set. */
const withUntypedHandler = (app: HonoBase, handler: () => unknown): HonoBase => {
  const untyped: { onError(handler: unknown): unknown } = app;
  untyped.onError(handler);
  return app;
};

class WithArguments extends Hono {
  constructor(greeting: string) {
    super();
    if (!greeting) throw new Error('no greeting');
  }
}

class WithHandler extends Hono {
  constructor() {
    super();
    this.onError((_, c) => c.text('of the class', 500));
  }
}

/** Makes each app, by its name. */
export const apps = {
  'its own onError': () => own(failing()),
  'its own async onError': () => failing().onError(async (_, c) => c.text('its own', 500)),
  'its own onError, and a single handler': () => own(throwing(new Hono())),
  'its own onError, and a single async handler': () =>
    own(
      new Hono().get('/fail', async () => {
        throw error();
      }),
    ),
  'its own onError, set after it is served': () => failing(),
  'no onError': () => failing(),
  'no onError, and a single handler': () => throwing(new Hono()),
  'no onError, an HTTPException of 418': () =>
    failing(() => new HTTPException(418, { message: 'short and stout' })),
  'no onError, an HTTPException of 503': () =>
    failing(() => new HTTPException(503, { message: 'overloaded' })),
  'no onError, an HTTPException of 403 without a message': () =>
    failing(() => new HTTPException(403)),
  'no onError, an HTTPException of 502 without a message': () =>
    failing(() => new HTTPException(502)),
  'no onError, an HTTPException of 413 as of bodyLimit()': () =>
    failing(
      () => new HTTPException(413, { res: new Response('Payload Too Large', { status: 413 }) }),
    ),
  'no onError, timeout()': () =>
    outer()
      .use(timeout(1))
      .get('/fail', () => new Promise<Response>(() => {})),
  'no onError, an HTTPException behind a middleware that uses c.header alone': () =>
    throwing(new Hono().use(requestId()), () => new HTTPException(410, { message: 'gone' })),
  'no onError, an HTTPException with a response of its own': () =>
    failing(
      () => new HTTPException(401, { res: new Response('who?', { status: 401 }), message: 'who' }),
    ),
  'no onError, an error whose getResponse throws': () =>
    failing(() =>
      Object.assign(error(), {
        getResponse() {
          throw new Error('from getResponse');
        },
      }),
    ),
  'an onError that throws': () =>
    failing().onError(() => {
      throw new Error('from onError');
    }),
  'an onError that rejects': () =>
    failing().onError(async () => {
      throw new Error('from onError');
    }),
  'an onError that rethrows': () =>
    failing().onError((thrown) => {
      throw thrown;
    }),
  'an onError that returns no Response': () => withUntypedHandler(failing(), () => undefined),
  'an async onError that returns no Response': () =>
    withUntypedHandler(failing(), async () => undefined),
  'an onError that responds with less than 500': () =>
    failing().onError((_, c) => c.text('conflict', 409)),
  'an onError that throws, in an app that was watched before': () =>
    watch(failing()).onError(() => {
      throw new Error('from onError');
    }),
  'a middleware that throws after next()': () =>
    own(
      outer()
        .use(async (_, next) => {
          await next();
          throw error();
        })
        .get('/fail', (c) => c.text('too early')),
    ),
  'a notFound that throws': () =>
    own(
      outer().notFound(() => {
        throw error();
      }),
    ),
  'a middleware that replaces c.env': () =>
    own(
      throwing(
        outer().use(async (c, next) => {
          c.env = {};
          await next();
        }),
      ),
    ),

  'a string thrown': () => own(throwing(new Hono(), () => 'a thrown string')),
  'a string thrown behind middlewares': () => own(failing(() => 'a thrown string')),
  'undefined thrown': () => own(throwing(new Hono(), () => undefined)),
  'undefined thrown behind middlewares': () => own(failing(() => undefined)),
  'a revoked proxy thrown': () => own(throwing(new Hono(), revoked)),
  'a revoked proxy thrown behind middlewares': () => own(failing(revoked)),
  'a string thrown without an onError': () => failing(() => 'a thrown string'),

  'a routed app without an onError': () => own(outer().route('/', throwing(new Hono()))),
  'a routed app with an onError': () => own(outer().route('/', inner())),
  'a routed app with an onError, watched': () => own(outer().route('/', watch(inner()))),
  'a routed app with an onError, watched once it is routed': () => {
    const routed = inner();
    const app = own(outer().route('/', routed));
    watch(routed);
    return app;
  },
  'a routed app with an onError that rethrows, watched': () =>
    own(
      outer().route(
        '/',
        watch(
          inner().onError((thrown) => {
            throw thrown;
          }),
        ),
      ),
    ),
  'a routed app with an onError that throws another, watched': () =>
    own(
      outer().route(
        '/',
        watch(
          inner().onError(async () => {
            throw new Error('another');
          }),
        ),
      ),
    ),
  'a mounted Hono': () => own(outer().mount('/', inner().fetch)),
  'a mounted Hono, watched': () => own(outer().mount('/', watch(inner()).fetch)),
  'a mounted Hono without an onError, watched': () =>
    own(outer().mount('/', watch(throwing(new Hono())).fetch)),
  'a response of 503 without an error': () => outer().get('/fail', (c) => c.text('busy', 503)),
  'a response of 503 whose error the app has logged': () =>
    outer().get('/fail', (c) => {
      log(c).error('the database is away');
      return c.text('busy', 503);
    }),

  'a subclass of Hono': () => throwing(withMiddlewares(new (class extends Hono {})())),
  'a subclass of Hono whose constructor needs an argument': () =>
    throwing(withMiddlewares(new WithArguments('Hello'))),
  'a subclass of Hono with an onError': () => throwing(withMiddlewares(new WithHandler())),
  'hono/tiny': () => throwing(withMiddlewares(new TinyHono())),
  'hono/tiny with an onError': () => own(throwing(withMiddlewares(new TinyHono()))),
  'hono/quick': () => throwing(withMiddlewares(new QuickHono())),
} satisfies Record<string, () => HonoBase>;

/** Makes and serves every app; resolves to what `serve` gives for each, by its name. */
export const serveApps = <Served>(
  serve: (app: HonoBase) => Served,
  making: Record<string, () => HonoBase> = apps,
): Map<string, Served> => {
  const served = new Map<string, Served>();
  for (const [name, make] of Object.entries(making)) {
    const app = make();
    served.set(name, serve(app));
    if (name.endsWith('set after it is served')) own(app);
  }
  return served;
};
