import type { IncomingMessage, ServerResponse } from 'node:http';

const fields = (contentType: string, body: string) => ({
  'Content-Type': contentType,
  'Content-Length': Buffer.byteLength(body),
  'X-Content-Type-Options': 'nosniff',
});

const hello = 'Hello, Docker! <3';
const helloFields = fields('text/html; charset=UTF-8', hello);
const health = '{"Status":"OK"}';
const healthFields = { ...fields('application/json', health), 'Cache-Control': 'no-store' };
const notFound = '{"message":"Not Found"}';
const notFoundFields = fields('application/json', notFound);

/** Answers with the product's header fields and bodies, by two ifs; returns the body's length. */
export const answer = ({ url }: IncomingMessage, outgoing: ServerResponse): number => {
  if (url === '/') {
    outgoing.writeHead(200, helloFields).end(hello);
    return helloFields['Content-Length'];
  }
  if (url === '/health') {
    outgoing.writeHead(200, healthFields).end(health);
    return healthFields['Content-Length'];
  }
  outgoing.writeHead(404, notFoundFields).end(notFound);
  return notFoundFields['Content-Length'];
};
