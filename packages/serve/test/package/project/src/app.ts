import { type ServeBindings, watch } from '@edge-ping/serve';
import { Hono } from 'hono';

export const app = new Hono<{ Bindings: ServeBindings }>();

app.get('/', (c) => c.text(navigator.userAgent));

app.get('/shutdown', (c) => {
  const { shutdown } = c.env;
  shutdown.addEventListener('abort', () => {});
  return c.json(shutdown.aborted);
});

const inner = new Hono().onError((_, c) => c.text('of its own', 500));
inner.get('/', () => {
  throw new Error('thrown');
});
app.route('/throw', watch(inner));
