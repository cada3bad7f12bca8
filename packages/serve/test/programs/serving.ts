import { serve } from '@hono/node-server';

/** What a program is served by. */
export type Kind = 'node-server' | 'library';

/** Says where a server listens, as the library does. */
export const sayPort = ({ port }: { port: number }): void =>
  console.error(`listens on http://localhost:${port}`);

/** Serves an app by @hono/node-server, as a program does that it came from. */
export const serveByNodeServer = ({ fetch }: { fetch: Parameters<typeof serve>[0]['fetch'] }) => {
  process.once('SIGTERM', () => process.exit());
  return serve({ fetch, port: Number(process.env.PORT) }, sayPort);
};
