import { getCookie } from 'hono/cookie';
import { app } from '../fixture/app.ts';

// What Hono decodes beside the path.
app.get('/query', (c) => c.json(c.req.query()));
app.get('/cookie', (c) => c.json(getCookie(c)));
app.get('/param/:name', (c) => c.text(c.req.param('name')));

// Bodies of requests.
app.post('/read', async (c) => c.text(await c.req.text()));
app.post('/read-json', async (c) => c.json(await c.req.json()));
app.post('/echo', (c) => new Response(c.req.raw.body));
