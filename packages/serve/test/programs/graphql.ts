import { setTimeout as sleep } from 'node:timers/promises';
import { serve } from '@edge-ping/serve/node';
import { createSchema, createYoga } from 'graphql-yoga';
import { Hono } from 'hono';
import { type Kind, serveByNodeServer } from './serving.ts';

// GraphQL by yoga, whose subscriptions are streams of events.

const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: `
      type Query { hello(name: String!): String!, fail: String }
      type Mutation { add(a: Int!, b: Int!): Int! }
      type Subscription { ticks: Int! }
    `,
    resolvers: {
      Query: {
        hello: (_: unknown, { name }: { name: string }) => `Hello, ${name}`,
        fail: () => {
          throw new Error('of the resolver');
        },
      },
      Mutation: { add: (_: unknown, { a, b }: { a: number; b: number }) => a + b },
      Subscription: {
        ticks: {
          async *subscribe() {
            for (let ticks = 0; ; ticks += 1) {
              yield { ticks };
              await sleep(50);
            }
          },
        },
      },
    },
  }),
});

const app = new Hono();
app.on(['GET', 'POST', 'OPTIONS'], yoga.graphqlEndpoint, (c) => yoga.fetch(c.req.raw));

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
