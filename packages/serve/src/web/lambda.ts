import { AsyncLocalStorage } from 'node:async_hooks';
import { isUtf8 } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import { type Env, type ExecutionContext, Hono, type Schema } from 'hono';
// Hono marks this import as deprecated, but the package that replaces it is not on npm yet.
import { getConnInfo, handle, type LambdaContext, type LambdaEvent } from 'hono/aws-lambda';
import type { HonoBase } from 'hono/hono-base';
import { BackgroundTasks } from '../app/background-tasks.ts';
import { decodedFetch } from '../app/decoded-fetch.ts';
import { watchOutermost } from '../app/errors.ts';
import type { OptionalIfEmpty, OwnBindings, WithBindings } from '../app/options.ts';
import { checkedResponse, type Fetch, statusTexts } from '../app/responses.ts';
import type { ServeBindings } from '../index.ts';
import { jsonLine, withFields } from '../log/json-line.ts';
import { type LogOptions, type LogWriter, makeLogs } from '../log/options.ts';
import { isServerField } from '../node/response.ts';
import { WebExchange } from './exchange.ts';

// Lambda's console.log would put a time, an id and a level before each line.
const writer: LogWriter = {
  writeAccess: (record) => process.stdout.write(`${jsonLine(record)}\n`),
  writeError: (record) => process.stderr.write(`${jsonLine(record)}\n`),
  readable: (given) => withFields({}, given),
  within: new AsyncLocalStorage(),
};

Object.assign(statusTexts, STATUS_CODES);

/** What Lambda itself adds to `c.env`. */
interface LambdaBindings {
  event: LambdaEvent;
  requestContext: unknown;
  lambdaContext: LambdaContext;
}

/** What Hono's handler is given in the place of an event. */
interface PreparedEvent {
  given: LambdaEvent;
  /** The response to it. */
  response?: Response;
}

const methodOf = (event: LambdaEvent): unknown => {
  if ('httpMethod' in event) return event.httpMethod;
  return 'method' in event ? event.method : event.requestContext?.http?.method;
};

/** A field's value as Node hands it over: UTF-8, a character for each byte. */
const asBytes = (value: string): string => Buffer.from(value).toString('latin1');

/** The methods that no Request can be made with (https://fetch.spec.whatwg.org/#forbidden-method). */
const isForbidden = (method: unknown): boolean => /^(?:connect|trace|track)$/i.test(String(method));

/** What makes an event of any kind one of a GET. */
const asGet = ({ requestContext }: LambdaEvent) => ({
  httpMethod: 'GET',
  method: 'GET',
  requestContext: { ...requestContext, http: { ...Object(requestContext).http, method: 'GET' } },
});

/**
 * Makes an event that Hono's handler takes: it refuses a GET with a body, cookies beyond Latin-1, and the
 * methods that no Request can be made with.
 */
const prepare = <E extends LambdaEvent>(event: E): E & PreparedEvent => {
  const method = methodOf(Object(event));
  if (typeof method !== 'string')
    throw new TypeError(
      'this is no event of an HTTP request: lambda() takes those of API Gateway and of function URLs',
    );
  return {
    ...event,
    ...('cookies' in event && { cookies: event.cookies?.map(asBytes) }),
    ...(/^(?:get|head)$/i.test(method) && { body: null }),
    ...(isForbidden(method) && { ...asGet(event), body: null }),
    given: event,
  };
};

/** Sets the fields that Hono's handler has percent-encoded as a whole. */
const restoreFields = (event: LambdaEvent, request: Request): void => {
  const lists = 'multiValueHeaders' in event ? event.multiValueHeaders : {};
  for (const [name, value] of Object.entries({ ...event.headers, ...lists })) {
    const text = [value].flat().join(/^cookie$/i.test(name) ? '; ' : ', ');
    if (/[^\t -~]/.test(text)) request.headers.set(name, asBytes(text));
  }
};

const textOf = ({ headers }: Request, name: string): string =>
  Buffer.from(headers.get(name) ?? '', 'latin1').toString();

/** What Hono's handler makes the header of, without the fields that the app has no say in. */
const withoutBody = (response: Response): Response => {
  const { status } = response;
  const header = new Response(null, response);
  for (const name of response.headers.keys())
    if (isServerField(name) && !/^x-/.test(name) && !(status === 426 && name === 'upgrade'))
      header.headers.delete(name);
  if (status === 204) header.headers.delete('Content-Length');
  return header;
};

const BOM = Buffer.from('\ufeff');

/**
 * Makes the handler of an AWS Lambda function from an app, for the events of API Gateway and of
 * function URLs. An invocation ends when its response is made and what the app gave to `waitUntil`
 * is done.
 * @param options where the logs go, and the bindings that the app declares, beside those of Lambda
 */
export const lambda = <E extends Env, S extends Schema, P extends string>(
  app: HonoBase<E, S, P>,
  ...[options]: OptionalIfEmpty<
    LogOptions & WithBindings<OwnBindings<E, LambdaBindings & ServeBindings>>
  >
): ReturnType<typeof handle> => {
  watchOutermost(app);
  const logs = makeLogs(options ?? {}, writer);
  const fetch: Fetch = async (...args) => decodedFetch(checkedResponse(await app.fetch(...args)));
  const tasks = new BackgroundTasks();
  const context: ExecutionContext = {
    props: {},
    waitUntil: (promise) => tasks.add(promise, () => {}), // its error is logged already
    passThroughOnException() {}, // there is no origin to pass on to
  };
  const entry = new Hono<{
    Bindings: { event: PreparedEvent; requestContext?: object; lambdaContext?: LambdaContext };
  }>().all('*', async (c) => {
    const { event, requestContext, lambdaContext } = c.env;
    const request = c.req.raw;
    const method = methodOf(event.given);
    if (isForbidden(method)) Object.defineProperty(request, 'method', { value: method });
    restoreFields(event.given, request);
    const facts = {
      id: textOf(request, 'X-Request-Id') || (lambdaContext?.awsRequestId ?? ''),
      remoteAddress: (requestContext && getConnInfo(c).remote.address) ?? '',
      userAgent: textOf(request, 'User-Agent'),
    };
    const bindings = {
      ...c.env,
      event: event.given,
      requestContext: event.given.requestContext,
      ...options?.bindings,
    };
    event.response = await new WebExchange(request, facts, logs, context).serve(fetch, bindings);
    return withoutBody(event.response);
  });
  const invoke = handle(entry);
  return async (event, context) => {
    const prepared = prepare(event);
    const result = await invoke(prepared, context);
    // Hono's handler would send what is no UTF-8 as text, and take off a byte order mark.
    if (prepared.response) {
      const body = Buffer.from(await prepared.response.arrayBuffer());
      result.isBase64Encoded = !isUtf8(body) || body.subarray(0, BOM.length).equals(BOM);
      result.body = body.toString(result.isBase64Encoded ? 'base64' : 'utf8');
    }
    await tasks.settled();
    return result;
  };
};
