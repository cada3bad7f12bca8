import type { ExecutionContext } from 'hono';
import { type AccessRecord, accessRecord } from './access-log.ts';
import { type ErrorRecord, errorRecord, messageOf, unseen } from './error-log.ts';
import { type ErrorTaker, takeError } from './errors.ts';
import { isCostlyToDecode } from './escapes.ts';
import { type Fetch, respond } from './respond.ts';
import { badRequest } from './responses.ts';

/** What a platform that speaks `Request` and `Response` knows of a request, and does with its records. */
export interface Platform {
  bindings: object;
  /** The platform's own; else one that waits for the tasks. */
  executionCtx: ExecutionContext;
  /** Identifies a request that has no `X-Request-Id`. */
  fallbackId: string;
  remoteAddress: string;
  log(record: AccessRecord): void;
  logError(record: ErrorRecord): void;
}

// On platforms that stop without a word to the app.
const shutdown = new AbortController().signal;

const nosniff = ['X-Content-Type-Options', 'nosniff'] as const;

/** Makes a response ready to be sent; to HEAD, without its body. */
const prepared = (response: Response, isHead: boolean): Response => {
  if (response.body?.locked) throw new TypeError('the body of the response is in use');
  let sent = response;
  if (isHead && response.body) {
    response.body.cancel().catch(() => {}); // else an endless one would go on
    sent = new Response(null, response);
  }
  try {
    sent.headers.set(...nosniff);
    return sent;
  } catch {
    // The headers of a response that `fetch` or `Response.redirect` made are immutable.
    const copy = new Response(sent.body, sent);
    copy.headers.set(...nosniff);
    return copy;
  }
};

/** Serves a request and logs it: before the body is sent, because that cannot be seen from here. */
export const serveWeb = async (
  fetch: Fetch,
  request: Request,
  platform: Platform,
): Promise<Response> => {
  const startedAt = performance.now();
  const errors = new Set<unknown>();
  const executionCtx: ExecutionContext & ErrorTaker = Object.assign(platform.executionCtx, {
    [takeError]: (error: unknown) => errors.add(error),
  });
  const isHead = request.method === 'HEAD';
  const field = (name: string) => request.headers.get(name) ?? '';
  const refusal =
    isCostlyToDecode(request.url) || isCostlyToDecode(field('cookie'))
      ? 'too many malformed percent-escapes'
      : '';
  const response = await (refusal
    ? prepared(badRequest(), isHead)
    : respond(
        fetch,
        isHead ? new Request(request, { method: 'GET' }) : request,
        { shutdown, ...platform.bindings },
        executionCtx,
        (response) => prepared(response, isHead),
      ));
  const { status } = response;
  if (status >= 500)
    for (const error of errors.size > 0 ? errors : [unseen(status)])
      platform.logError(errorRecord('ERROR', error));
  const { host, pathname, search } = new URL(request.url);
  const bytesIn = Number(field('content-length'));
  const length = response.headers.get('Content-Length');
  const [error] = errors;
  platform.log(
    accessRecord({
      time: Date.now(),
      duration: performance.now() - startedAt,
      id: field('x-request-id') || platform.fallbackId,
      remoteAddress: platform.remoteAddress,
      host,
      method: request.method,
      uri: pathname + search,
      userAgent: field('user-agent'),
      status,
      error: errors.size > 0 ? messageOf(error) : refusal,
      bytesIn: Number.isSafeInteger(bytesIn) ? bytesIn : 0,
      // Counting would cost the response its length, or read on for a client that has left.
      bytesOut: response.body === null ? 0 : length === null ? null : Number(length),
    }),
  );
  return response;
};
