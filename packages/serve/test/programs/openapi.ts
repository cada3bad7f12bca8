import { serve } from '@edge-ping/serve/node';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { HTTPException } from 'hono/http-exception';
import { type Kind, serveByNodeServer } from './serving.ts';

// An OpenAPI starter: routes that validate, one shape for all errors, and the document.

const app = new OpenAPIHono({
  defaultHook: (result, c) => {
    if (!result.success) return c.json({ success: false, issues: result.error.issues }, 422);
    return undefined;
  },
});

app.notFound((c) => c.json({ message: `Not Found - ${c.req.path}` }, 404));
app.onError((error, c) => {
  const status = error instanceof HTTPException ? error.status : 500;
  return c.json({ message: error.message }, status);
});

const Task = z.object({ id: z.number(), name: z.string().min(1) }).openapi('Task');
const json = <T extends z.ZodType>(schema: T, description: string) => ({
  content: { 'application/json': { schema } },
  description,
});

const tasks = [{ id: 1, name: 'first' }];
app.openapi(
  createRoute({
    method: 'get',
    path: '/tasks/{id}',
    request: { params: z.object({ id: z.coerce.number() }) },
    responses: { 200: json(Task, 'The task') },
  }),
  (c) => {
    const task = tasks.find(({ id }) => id === c.req.valid('param').id);
    if (!task) throw new HTTPException(404, { message: 'no such task' });
    return c.json(task, 200);
  },
);
app.openapi(
  createRoute({
    method: 'post',
    path: '/tasks',
    request: { body: json(Task, 'A task') },
    responses: { 201: json(Task, 'The task') },
  }),
  (c) => {
    const task = c.req.valid('json');
    tasks.push(task);
    return c.json(task, 201);
  },
);
app.get('/broken', () => {
  throw new Error('of the handler');
});
app.doc('/doc', { openapi: '3.0.0', info: { version: '1.0.0', title: 'Tasks API' } });

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
