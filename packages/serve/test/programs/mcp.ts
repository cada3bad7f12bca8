import { serve } from '@edge-ping/serve/node';
import { createMcpHonoApp } from '@modelcontextprotocol/hono';
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { type Kind, serveByNodeServer } from './serving.ts';

// An agent's tools: an MCP server with a session, whose notifications are a stream of events.

const app = createMcpHonoApp({ allowedHosts: ['example.com'] });
const server = new McpServer({ name: 'tools', version: '1.0.0' });
server.registerTool(
  'add',
  { inputSchema: z.object({ a: z.number(), b: z.number() }) },
  ({ a, b }) => ({
    content: [{ type: 'text', text: String(a + b) }],
  }),
);
const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => 's1' });
await server.connect(transport);

app.all('/mcp', (c) =>
  transport.handleRequest(c.req.raw, { parsedBody: Reflect.get(c.var, 'parsedBody') }),
);

export const start = (kind: Kind) => (kind === 'library' ? serve(app) : serveByNodeServer(app));
