import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { buffer, json } from 'node:stream/consumers';

/** A Worker as wrangler uploads it. */
export interface Upload {
  metadata: Record<string, unknown>;
  /** The texts of its modules and source maps, by name. */
  files: Record<string, string>;
}

const readUpload = async (request: IncomingMessage): Promise<Upload> => {
  const headers = { 'Content-Type': request.headers['content-type'] ?? '' };
  const form = await new Response(await buffer(request), { headers }).formData();
  const upload: Upload = { metadata: {}, files: {} };
  for (const [name, part] of form) {
    if (typeof part !== 'string') upload.files[name] = await part.text();
    else if (name === 'metadata') upload.metadata = JSON.parse(part);
  }
  return upload;
};

const sqlOf = async (request: IncomingMessage): Promise<string> => {
  const body: { sql?: string } = Object(await json(request));
  return body.sql ?? '';
};

const success = (result: object) => ({ success: true, result });
const failure = (code: number, message: string) => ({
  success: false,
  errors: [{ code, message }],
});

/**
 * Starts as much of Cloudflare's API as `wrangler deploy` needs: one account, the token that opens
 * it, and no Worker until one is uploaded. Whatever else wrangler.toml asks for exists already.
 * @see https://developers.cloudflare.com/api/resources/workers/
 */
export const startCloudflareApi = async (account: string, token: string) => {
  const uploads: Upload[] = [];
  /** What wrangler set besides: the body of the latest call, by call. */
  const settings: Record<string, unknown> = {};

  const workers = `/accounts/${account}/workers`;
  const script = `${workers}/scripts/NAME`;
  const versionOf = (number: number) => `${number}1234567-89ab-cdef-0123-456789abcdef`;
  const version = versionOf(0);
  /** The versions that have taken all traffic, one after the other. */
  const deployed: string[] = [];
  const ofWorker = (result: object) =>
    uploads.length + deployed.length > 0
      ? success(result)
      : failure(10007, 'This Worker does not exist.');
  const describeVersion = (id: string) => ({
    id,
    number: 1,
    metadata: { has_preview: true, created_on: '2026-11-26T00:00:00Z' },
    annotations: {},
    resources: { bindings: [], script: { handlers: ['fetch'] }, script_runtime: {} },
  });
  const deployments = () =>
    deployed
      .map((id, index) => ({
        id: String(index),
        source: 'wrangler',
        created_on: new Date(index).toISOString(),
        versions: [{ version_id: id, percentage: 100 }],
      }))
      .reverse();

  /** The statements that a database of D1 was given; none has a result. */
  const queries: string[] = [];

  const respond = async (call: string, request: IncomingMessage) => {
    if (request.headers.authorization !== `Bearer ${token}`)
      return failure(10000, 'Authentication error');
    // The name of the Worker is wrangler's to say.
    switch (call.replace(/(services|scripts|workers\/workers|database)\/[^/]+/, '$1/NAME')) {
      case `GET ${workers}/subdomain`:
        return success({ subdomain: 'example' });
      case `GET ${workers}/services/NAME`:
        return ofWorker({ default_environment: { script: { last_deployed_from: 'wrangler' } } });
      case `GET ${workers}/workers/NAME`:
        return ofWorker({
          subdomain: {
            ...Object(settings.subdomain),
            preview_url_suffix: `-${call.slice(call.lastIndexOf('/') + 1)}.example.workers.dev`,
          },
        });
      case `GET ${script}/deployments`:
        return ofWorker({ deployments: deployments() });
      case `GET ${script}/settings`:
        return ofWorker({ bindings: [] });
      case `PUT ${script}`:
        uploads.push(await readUpload(request));
        deployed.push(version);
        return success({ deployment_id: version });
      case `POST ${script}/versions`:
        uploads.push(await readUpload(request));
        return success({ ...describeVersion(versionOf(uploads.length)) });
      case `POST ${script}/assets-upload-session`:
        settings.assets = await json(request);
        return success({ jwt: 'uploaded', buckets: [] }); // it has the files already
      case `POST /accounts/${account}/d1/database/NAME/query`:
        queries.push(await sqlOf(request));
        return success([{ success: true, results: [], meta: {} }]);
      case `POST ${script}/deployments`: {
        const body = await json(request);
        settings.deployments = body;
        deployed.push(Object(body).versions[0].version_id);
        return success({});
      }
      case `PUT ${script}/schedules`:
      case `PATCH ${script}/script-settings`:
      case `POST ${script}/subdomain`:
        settings[call.slice(call.lastIndexOf('/') + 1)] = await json(request);
        return success({});
      default:
        if (call.startsWith(`GET ${script.replace('NAME', '')}`) && call.includes('/versions/'))
          return success(describeVersion(call.slice(call.lastIndexOf('/') + 1)));
        return success(request.method === 'GET' ? [] : { id: version });
    }
  };

  const server = createServer(async (request, response) => {
    const [path] = (request.url ?? '').split('?');
    const body = await respond(`${request.method} ${path}`, request);
    response.writeHead(body.success ? 200 : 400, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address?.port}`,
    uploads,
    settings,
    queries,
    deployed: () => deployed,
    /** Lets a version that was uploaded before take all traffic; returns its id. */
    deploy: () => {
      deployed.push(version);
      settings.subdomain = { enabled: true, previews_enabled: true };
      return version;
    },
    stop: () => server.close(),
  };
};
