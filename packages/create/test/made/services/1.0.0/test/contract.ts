import type { Case } from '@edge-ping/serve-testing/cases';

const json = { 'content-type': 'application/json' };

const hello = {
  status: 200,
  headers: { 'content-type': 'text/html; charset=UTF-8' },
  body: 'Hello, Docker! <3',
};
const health = {
  status: 200,
  headers: { ...json, 'cache-control': 'no-store' },
  body: '{"Status":"OK"}',
};
const notFound = { status: 404, headers: json, body: '{"message":"Not Found"}' };

/** The case that shows whether the service is up. */
export const healthCase: Case = { method: 'GET', path: '/health', ...health };

/** What the service responds to any HTTP client, on every target. */
export const contract: readonly Case[] = [
  { method: 'GET', path: '/sub', status: 200, headers: {}, body: 'sub' },
  { method: 'GET', path: '/', ...hello },
  { method: 'HEAD', path: '/', ...hello, body: '' },
  { method: 'GET', path: '/?a=1&b=%20', ...hello },
  healthCase,
  { method: 'HEAD', path: '/health', ...health, body: '' },
  { method: 'GET', path: '/health?verbose', ...health },

  // The same resource by RFC 3986 §6.2.2.
  { method: 'GET', path: '/%68ealth', ...health },
  { method: 'GET', path: '/x/../health', ...health },

  { method: 'GET', path: '/health/', ...notFound },
  { method: 'GET', path: '/Health', ...notFound },
  { method: 'GET', path: '/healthz', ...notFound },
  { method: 'GET', path: '/index.html', ...notFound },
  { method: 'GET', path: '/favicon.ico', ...notFound },
  { method: 'GET', path: '//', ...notFound },
  { method: 'GET', path: '/%zz', ...notFound, proxyMayRefuse: true },
  { method: 'HEAD', path: '/nope', ...notFound, body: '' },

  ...['/', '/health'].flatMap((path) => [
    { method: 'POST', path, requestBody: 'a=1', ...notFound },
    { method: 'PUT', path, requestBody: '{}', ...notFound },
    { method: 'PATCH', path, requestBody: '{}', ...notFound },
    { method: 'DELETE', path, ...notFound },
    { method: 'OPTIONS', path, ...notFound },
  ]),
];
