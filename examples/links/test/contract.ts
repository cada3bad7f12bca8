import type { Case } from '@edge-ping/serve-testing/cases';

const json = { 'content-type': 'application/json' };
const notFound = { status: 404, headers: json, body: { message: 'Not Found' } };
const empty = { headers: {}, body: '' };

/** The token that the tests give to the service. */
export const ADMIN_TOKEN = 'the-token';
const requestHeaders = { Authorization: `Bearer ${ADMIN_TOKEN}` };

export const healthCase: Case = {
  method: 'GET',
  path: '/health',
  status: 200,
  headers: { ...json, 'cache-control': 'no-store', 'x-request-id': /^[\da-f-]{36}$/ },
  body: { status: 'ok' },
};

const url = 'https://example.com/a?b=c';
const add = { method: 'POST', path: '/links', live: false } as const;
const refused = (
  name: string,
  requestBody: object,
  errors: Record<string, (string | RegExp)[]>,
): Case => ({
  ...add,
  name,
  requestBody,
  status: 400,
  headers: json,
  body: { errors },
});
const remove = { method: 'DELETE', path: '/links/docs', live: false } as const;

/** What the service responds on every target. The cases build upon each other. */
export const contract: readonly Case[] = [
  healthCase,
  {
    method: 'GET',
    path: '/',
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'self'",
    },
    body: /<title>Links</,
  },
  { method: 'GET', path: '/nope', ...notFound },
  { method: 'GET', path: '/links/nope/stats', ...notFound },
  { method: 'GET', path: '/links/nope/live', ...notFound },

  refused('no http', { url: 'javascript:alert(1)' }, { url: ['Invalid URL'] }),
  refused('reserved', { url, slug: 'health' }, { slug: ['Reserved'] }),
  refused('expired', { url, expiresIn: 0 }, { expiresIn: [/>=1/] }),
  {
    ...add,
    name: 'too long',
    requestBody: { url: `https://example.com/${'a'.repeat(8_192)}` },
    status: 413,
    headers: {},
    body: 'Payload Too Large',
  },
  {
    ...add,
    name: 'a form of another site',
    requestBody: 'url=a',
    status: 403,
    headers: {},
    body: 'Forbidden',
  },
  {
    ...add,
    requestBody: { url },
    status: 201,
    headers: json,
    body: { slug: /^[\w-]{8}$/, url, link: /^http:\/\/[\w.:]+\/[\w-]{8}$/ },
  },
  {
    ...add,
    name: 'with a slug',
    requestBody: { url, slug: 'docs' },
    status: 201,
    headers: json,
    body: { slug: 'docs', url, link: /^http:\/\/[\w.:]+\/docs$/ },
  },
  {
    ...add,
    name: 'with a slug that is taken',
    requestBody: { url, slug: 'docs' },
    status: 409,
    headers: json,
    body: { errors: { slug: ['Taken'] } },
  },
  {
    method: 'GET',
    path: '/links/docs/stats',
    live: false,
    status: 200,
    headers: { ...json, 'access-control-allow-origin': '*' },
    body: { slug: 'docs', url, expires: /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, clicks: 0 },
  },
  { method: 'GET', path: '/docs', live: false, status: 302, ...empty, headers: { location: url } },
  { ...remove, name: 'without a token', status: 401, headers: {}, body: 'Unauthorized' },
  {
    ...remove,
    name: 'with a wrong token',
    requestHeaders: { Authorization: 'Bearer wrong' },
    status: 401,
    headers: {},
    body: 'Unauthorized',
  },
  { ...remove, requestHeaders, status: 204, ...empty },
  { ...remove, name: 'once more', requestHeaders, ...notFound },
  { method: 'GET', path: '/docs', name: 'removed', live: false, ...notFound },
];
