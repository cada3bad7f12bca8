import { accessRecord } from '../src/access-log.ts';
import { app } from '../src/app.ts';
import { errorRecord } from '../src/error-log.ts';

/** The Worker: `main` of wrangler.toml. */
export default {
  async fetch(request: Request): Promise<Response> {
    const started = Date.now();
    const { headers, method } = request;
    let message = '';
    const reportError = (error: Error) => {
      message = error.message;
      console.error(errorRecord('ERROR', Date.now(), message, error.stack));
    };
    const response = await app.fetch(request, { reportError });
    const { host, pathname, search } = new URL(request.url);
    const time = Date.now(); // Cloudflare's clock stands still without I/O: the duration is 0 here
    // An object, not a line: Workers Logs indexes its fields.
    console.log(
      accessRecord({
        time,
        duration: time - started,
        id: headers.get('X-Request-Id') ?? headers.get('CF-Ray') ?? '',
        remoteAddress: headers.get('CF-Connecting-IP') ?? '',
        host,
        method,
        uri: pathname + search,
        userAgent: headers.get('User-Agent') ?? '',
        status: response.status,
        error: message,
        contentLength: headers.get('Content-Length'),
        bytesOut: method === 'HEAD' ? 0 : Number(response.headers.get('Content-Length')),
      }),
    );
    return response;
  },
};
