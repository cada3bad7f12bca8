import type { Sent } from '@edge-ping/serve-testing/client';

/** What a route responds to a method. */
interface Owed {
  status: number;
  headers: Record<string, string>;
}

/** A route that shows its method, and what it responds to GET and to HEAD. */
export interface MethodCase {
  path: string;
  /** What a HEAD has beside its target. */
  sent?: Pick<Sent, 'headers' | 'requestBody'>;
  get: Owed;
  head: Owed;
}

const shown = (path: string): MethodCase => ({
  path: `/method/${path}`,
  get: { status: 200, headers: { 'x-method': 'GET' } },
  head: { status: 200, headers: { 'x-method': 'HEAD' } },
});

/** What sees the method of a request as its client sent it. */
export const methodCases: readonly MethodCase[] = [
  ...[
    'handler',
    'raw',
    'clone',
    'new-request',
    'before',
    'behind',
    'on-error',
    'routed',
    'mounted',
    'mounted-and-watched',
    'fetch',
    'proxy',
  ].map(shown),
  { ...shown('handler'), sent: { headers: { 'Content-Length': '0' } } },
  { ...shown('handler'), sent: { headers: { 'Content-Length': '4' }, requestBody: 'body' } },

  // What gives HEAD a meaning of its own.
  {
    path: '/method/upload', // as tus does: https://tus.io/protocols/resumable-upload#head
    get: { status: 404, headers: {} },
    head: { status: 200, headers: { 'upload-offset': '5', 'upload-length': '10' } },
  },
  {
    path: '/method/procedure', // as tRPC does
    get: { status: 400, headers: {} },
    head: { status: 204, headers: {} },
  },
];
