import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { AccessRecord, ErrorRecord } from '@edge-ping/serve';
import type { APIGatewayProxyResult } from 'hono/aws-lambda';
import { decodedBody, type Received, type Sent } from './client.ts';
import { run } from './process.ts';

const domainName = 'example.lambda-url.eu-central-1.on.aws';
const sourceIp = '127.0.0.1';

/**
 * The event that AWS makes of a request, by the version of its payload: API Gateway sends either,
 * a function URL 2.0.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export const events = {
  '1.0': ({ method = 'GET', path, requestBody, headers = {} }: Sent) => {
    const [rawPath, search] = path.split('?');
    const query = new URLSearchParams(search);
    const lists = [...query.keys()].map((name) => [name, query.getAll(name)]);
    return {
      version: '1.0',
      httpMethod: method,
      path: rawPath,
      headers,
      multiValueHeaders: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name, [value]]),
      ),
      queryStringParameters: search ? Object.fromEntries(query) : null,
      multiValueQueryStringParameters: search ? Object.fromEntries(lists) : null,
      requestContext: { domainName, identity: { sourceIp } },
      body: requestBody ?? null,
      isBase64Encoded: false,
    };
  },
  '2.0': ({ method = 'GET', path, requestBody, headers = {} }: Sent) => {
    const [rawPath, rawQueryString = ''] = path.split('?');
    return {
      version: '2.0',
      rawPath,
      rawQueryString,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
      ),
      requestContext: { domainName, http: { method, path: rawPath, sourceIp } },
      ...(requestBody && { body: Buffer.from(requestBody).toString('base64') }),
      isBase64Encoded: requestBody !== undefined,
    };
  },
};

const received = (result: APIGatewayProxyResult): Received => {
  const headers = Object.fromEntries(
    Object.entries({
      ...(result.headers ?? result.multiValueHeaders),
      ...('cookies' in result && { 'Set-Cookie': result.cookies }), // of payload 2.0
    }).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
  const body = Buffer.from(result.body, result.isBase64Encoded ? 'base64' : 'utf8');
  return {
    status: result.statusCode,
    headers,
    body: decodedBody(body, headers['content-encoding']),
  };
};

/**
 * Starts as much of Lambda's Runtime API as one function needs.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
 */
const startRuntimeApi = async () => {
  let waiting = Promise.withResolvers<ServerResponse>();
  let invocation: PromiseWithResolvers<unknown> | undefined;
  let invocations = 0;
  const server = createServer(async (request, response) => {
    if (request.url?.endsWith('/invocation/next')) return waiting.resolve(response);
    const body = await json(request);
    response.writeHead(202).end('{}');
    if (request.url?.endsWith('/response')) invocation?.resolve(body);
    else invocation?.reject(new Error(JSON.stringify(body)));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves once the runtime waits for an invocation. */
    isReady: waiting.promise,
    /** Resolves with what the function returned; rejects if it failed. */
    async invoke(event: object): Promise<unknown> {
      const next = await waiting.promise;
      waiting = Promise.withResolvers();
      invocation = Promise.withResolvers();
      invocations += 1;
      next.writeHead(200, {
        'Content-Type': 'application/json',
        'Lambda-Runtime-Aws-Request-Id': `invocation-${invocations}`,
        'Lambda-Runtime-Deadline-Ms': String(Date.now() + 10_000),
        'Lambda-Runtime-Invoked-Function-Arn': 'arn:aws:lambda:eu-central-1:0:function:function',
      });
      next.end(JSON.stringify(event));
      return invocation.promise;
    },
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
};

/** The command of a small runtime, where AWS's own is not installed. */
export const smallRuntime: readonly string[] = [
  'node',
  fileURLToPath(import.meta.resolve('@edge-ping/serve-testing/lambda-runtime')),
];

/**
 * Runs a bundle in a runtime of AWS Lambda.
 * @param runtime its command: `smallRuntime`, or the program of AWS's own, the npm package aws-lambda-ric
 * @param taskRoot the folder that index.mjs is in
 */
export const startLambda = async (
  runtime: readonly string[],
  taskRoot: string,
  env: NodeJS.ProcessEnv = {},
) => {
  const api = await startRuntimeApi();
  const { child, stdout, stderr, ended } = run([...runtime], {
    env: {
      ...process.env,
      AWS_LAMBDA_RUNTIME_API: api.address,
      LAMBDA_TASK_ROOT: taskRoot,
      _HANDLER: 'index.handler',
      AWS_LAMBDA_FUNCTION_NAME: 'function',
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
      AWS_LAMBDA_LOG_GROUP_NAME: '/aws/lambda/function',
      AWS_LAMBDA_LOG_STREAM_NAME: 'stream',
      ...env,
    },
  });
  // A function is given one event at a time.
  let idle: Promise<unknown> = Promise.resolve();
  const invoke = (event: object): Promise<unknown> => {
    const result = idle.then(() => api.invoke(event));
    idle = result.catch(() => {});
    return result;
  };
  const output = () => [...stdout, ...stderr].join('\n');
  const failed = ended.then((code) => Promise.reject(new Error(`ended with ${code}: ${output()}`)));
  await Promise.race([api.isReady, failed]);
  // The runtime adds plain lines of its own.
  const isRecord = (line: string) => line.startsWith('{');
  const parse = (lines: string[]) => lines.filter(isRecord).map((line) => JSON.parse(line));
  return {
    stdout,
    /** Resolves with what the function returns for an event. */
    invoke,
    send: async (sent: Sent, payload: keyof typeof events = '2.0'): Promise<Received> =>
      received((await invoke(events[payload](sent))) as APIGatewayProxyResult),
    records: (): AccessRecord[] => parse(stdout),
    errors: (): ErrorRecord[] => parse(stderr),
    /** What else is on stderr. */
    plainLines: () => stderr.filter((line) => !isRecord(line)),
    async stop() {
      child.kill('SIGTERM');
      await ended;
      api.stop();
    },
  };
};
