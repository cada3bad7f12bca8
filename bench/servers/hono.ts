import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.get('/', (c) => c.html('Hello, Docker! <3'));
app.get('/health', (c) => c.json({ Status: 'OK' }));

serve({ fetch: app.fetch, port: Number(process.env.PORT) });
