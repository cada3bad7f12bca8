import { accessRecord } from '../src/access-log.ts';
import { app } from '../src/app.ts';
import { errorRecord } from '../src/error-log.ts';

/** The Worker: `main` of wrangler.toml. */
export default {
  /** Serves one request and logs it: an object, since Workers Logs indexes an object's fields. */
  async fetch(request: Request): Promise<Response> {
    const started = Date.now();
    const { headers, method } = request;
    let message = '';
    const reportError = (error: Error) => {
      message = error.message;
      console.error(errorRecord('ERROR', error, Date.now()));
    };
    const response = await app.fetch(request, { reportError });
    const { host, pathname, search } = new URL(request.url);
    const time = Date.now(); // workerd's clock stands still without I/O: durations are 0 here
    console.log(
      accessRecord({
        time,
        id: headers.get('X-Request-Id') ?? headers.get('CF-Ray') ?? '',
        remoteAddress: headers.get('CF-Connecting-IP') ?? '',
        host,
        method,
        uri: pathname + search,
        userAgent: headers.get('User-Agent') ?? '',
        status: response.status,
        error: message,
        duration: time - started,
        contentLength: headers.get('Content-Length'),
        bytesOut: method === 'HEAD' ? 0 : Number(response.headers.get('Content-Length')),
      }),
    );
    return response;
  },
};
