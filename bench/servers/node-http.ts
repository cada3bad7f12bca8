import { createServer } from 'node:http';

const response = (status: number, contentType: string, body: string, headers = {}) => ({
  status,
  headers: {
    'Content-Type': contentType,
    'Content-Length': Buffer.byteLength(body),
    'X-Content-Type-Options': 'nosniff',
    ...headers,
  },
  body,
});

const greeting = response(200, 'text/html; charset=UTF-8', process.env.GREETING ?? '');
const health = response(200, 'application/json', '{"Status":"OK"}', {
  'Cache-Control': 'no-store',
});
const notFound = response(404, 'application/json', '{"message":"Not Found"}');

createServer(({ url }, outgoing) => {
  const { status, headers, body } = url === '/' ? greeting : url === '/health' ? health : notFound;
  outgoing.writeHead(status, headers).end(body);
}).listen(process.env.PORT);
