import type { Case } from '@edge-ping/serve-testing/cases';

const json = { 'content-type': 'application/json' };

export const healthCase: Case = {
  method: 'GET',
  path: '/health',
  status: 200,
  headers: { ...json, 'cache-control': 'no-store' },
  body: '{"Status":"OK"}',
};

const links = { method: 'GET', path: '/links' };

/** Whatever a case can say. */
export const contract: readonly Case[] = [
  { method: 'GET', path: '/', status: 200, headers: { 'x-request-id': /^r-\d$/ }, body: /r-\d/ },
  { method: 'HEAD', path: '/', status: 200, headers: {}, body: '' },
  healthCase,
  { ...links, name: 'without a token', status: 401, headers: {}, body: 'Unauthorized' },
  {
    ...links,
    requestHeaders: { Authorization: 'Bearer a' },
    status: 200,
    headers: json,
    body: [{ slug: /^r-\d$/, clicks: 1, tags: [], expires: null, isPublic: true }],
  },
  {
    method: 'QUERY',
    path: '/links',
    requestBody: { slug: 'a' },
    status: 302,
    headers: { location: 'https://example.com/' },
    body: '',
  },
  { method: 'GET', path: '/%zz', proxyMayRefuse: true, status: 404, headers: {}, body: '' },
  { method: 'DELETE', path: '/links', live: false, status: 204, headers: {}, body: '' },
];
