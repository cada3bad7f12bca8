import type { ExecutionContext } from 'hono';
import { type ErrorTaker, takeError } from './errors.ts';
import { bodiless } from './head.ts';
import { checkedResponse, errorResponse, type Fetch } from './responses.ts';

type Prepare = (response: Response) => Response;

const failed = (thrown: unknown, taker: ErrorTaker, prepare: Prepare): Response => {
  taker[takeError](thrown);
  return prepare(errorResponse(500));
};

/**
 * Asks the app, and always gives a Response: the last resort where a handler threw something that
 * Hono does not catch (it only catches an `Error`), or returned something that cannot be sent.
 * @param prepare makes the response ready to be sent; may throw
 */
export const respond = (
  fetch: Fetch,
  request: Request,
  env: object,
  executionCtx: ExecutionContext & ErrorTaker,
  prepare: Prepare,
): Response | Promise<Response> => {
  try {
    if (request.method === 'HEAD') bodiless.add(executionCtx);
    const response = fetch(request, env, executionCtx);
    if (!(response instanceof Promise)) return prepare(checkedResponse(response));
    return response
      .then((resolved) => prepare(checkedResponse(resolved)))
      .catch((thrown) => failed(thrown, executionCtx, prepare));
  } catch (thrown) {
    return failed(thrown, executionCtx, prepare);
  }
};
