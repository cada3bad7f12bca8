import { Hono } from 'hono';
import { logger } from 'hono/logger';
import { app } from '../../../src/app.ts';

const logged = new Hono();
logged.use(logger());
// Not `route`, which would wrap every handler, because the app has an `onError`.
for (const { method, path, handler } of app.routes) logged.on(method, path, handler);

/** The app of this project with Hono's own log. */
export default logged;
