// A runtime for a function of Node's: it asks Lambda's Runtime API for one event after the other.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const { AWS_LAMBDA_RUNTIME_API, LAMBDA_TASK_ROOT = '', _HANDLER = '' } = process.env;
const api = `http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation`;
const post = (path: string, value: unknown) =>
  fetch(`${api}/${path}`, { method: 'POST', body: JSON.stringify(value) });

const [file = '', name = ''] = _HANDLER.split('.');
const module = await import(pathToFileURL(resolve(LAMBDA_TASK_ROOT, `${file}.mjs`)).href);

for (;;) {
  const next = await fetch(`${api}/next`);
  const id = next.headers.get('Lambda-Runtime-Aws-Request-Id') ?? '';
  const deadline = Number(next.headers.get('Lambda-Runtime-Deadline-Ms'));
  const context = {
    awsRequestId: id,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
  try {
    await post(`${id}/response`, await module[name](await next.json(), context));
  } catch (error) {
    await post(`${id}/error`, { errorMessage: String(error) });
  }
}
