import { lambda } from '../../src/web/lambda.ts';
import { serveApps } from './apps.ts';

const functions = serveApps(lambda);

type Handler = ReturnType<typeof lambda>;

/** A function of the app that a header names. */
export const handler: Handler = (event, context) => {
  const served = functions.get(String(event.headers?.['x-app']));
  if (!served) throw new Error('no such app');
  return served(event, context);
};
