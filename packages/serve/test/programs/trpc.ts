import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@edge-ping/serve/node';
import { initTRPC, TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { Hono } from 'hono';
import { z } from 'zod';
import { type Kind, serveByNodeServer } from './serving.ts';

// A project tracker's API: tRPC, whose subscriptions are streams of events.

const t = initTRPC.create();
const issues = [{ id: 1, title: 'first' }];

const router = t.router({
  list: t.procedure.query(() => issues),
  byId: t.procedure.input(z.object({ id: z.number() })).query(({ input }) => {
    const found = issues.find(({ id }) => id === input.id);
    if (!found) throw new TRPCError({ code: 'NOT_FOUND', message: 'no such issue' });
    return found;
  }),
  add: t.procedure.input(z.object({ title: z.string() })).mutation(({ input }) => {
    const issue = { id: issues.length + 1, ...input };
    issues.push(issue);
    return issue;
  }),
  changes: t.procedure.subscription(async function* ({ signal }) {
    for (let count = 0; !signal?.aborted; count += 1) {
      yield { count };
      await sleep(50, undefined, { signal }).catch(() => {});
    }
  }),
});

const app = new Hono();
app.all('/trpc/*', (c) =>
  fetchRequestHandler({ endpoint: '/trpc', req: c.req.raw, router, createContext: () => ({}) }),
);

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
