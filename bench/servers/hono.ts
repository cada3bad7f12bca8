import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { logger } from 'hono/logger';

const greeting = process.env.GREETING ?? '';

const app = new Hono();
if (process.env.LOGGER) app.use(logger());
app.get('/', (c) => c.html(greeting));
app.get('/health', (c) => c.json({ Status: 'OK' }));

serve({ fetch: app.fetch, port: Number(process.env.PORT) });
