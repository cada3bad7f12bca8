import { Hono } from 'hono';
import { serve } from 'srvx';
import { loggerMiddleware } from 'srvx/log';

const greeting = process.env.GREETING ?? '';

const app = new Hono();
app.get('/', (c) => c.html(greeting));
app.get('/health', (c) => c.json({ Status: 'OK' }));

serve({ fetch: app.fetch, port: Number(process.env.PORT), middleware: [loggerMiddleware()] });
