import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nameOf, tryCase } from './cases.ts';
import { type Received, type Sent, send } from './client.ts';
import { smallRuntime, startLambda } from './lambda.ts';
import { readManifest } from './manifest.ts';
import { run, type ServerProcess, startServer } from './process.ts';
import { type Service, testEnvironment } from './service.ts';
import { bundleWorker, startWorker, startWranglerDev } from './worker.ts';

/**
 * Declares a test for each case of the contract, against a target that sends and receives.
 * @param added header fields that the adapter adds, if not the usual ones
 */
export const contractTests = (
  { contract }: Service,
  exchange: (sent: Sent) => Promise<Received>,
  added?: Record<string, string>,
): void => {
  for (const expected of contract)
    test(`${nameOf(expected)} is ${expected.status}`, async () => {
      expect(await tryCase(expected, exchange, added)).toEqual([]);
    });
};

/** The same against what listens at a URL, with the service's own tests. */
export const serviceTests = (service: Service, url: () => string): void => {
  contractTests(service, (sent) => send(url(), sent));
  service.tests?.(url);
};

/** Declares the tests of the app in process, without an adapter. */
export const appTests = (service: Service): void => {
  describe('in process', () => {
    let app: Awaited<ReturnType<Service['app']>>['app'];
    beforeAll(async () => {
      Object.assign(process.env, service.env);
      ({ app } = await service.app());
    });

    contractTests(
      service,
      async ({ method = 'GET', path, headers = {}, requestBody }) => {
        const init = { method, headers, body: requestBody ?? null };
        const response = await app.request(path, init, { ...service.env, ...service.bindings });
        return {
          status: response.status,
          headers: Object.fromEntries(response.headers),
          body: await response.text(),
        };
      },
      {},
    );
  });
};

/** Makes a folder for the state of a target before its tests, and removes it after them. */
const stateFolder = () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'state-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  return () => folder;
};

/** Runs a script of package.json, which must succeed. */
const runScript = async (name: string): Promise<void> => {
  const command = ['npm', 'run', name, '--silent'];
  const { stdout, stderr, ended } = run(command, { shell: process.platform === 'win32' }); // npm is a script there
  expect(await ended, [...stdout, ...stderr].join('\n')).toBe(0);
};

/** Declares the tests of the Node server: what `npm start` runs. */
export const nodeTests = (service: Service): void => {
  describe('npm start', () => {
    const folder = stateFolder();
    let server: ServerProcess;
    beforeAll(async () => {
      const { prestart, start = '' } = readManifest().scripts;
      if (prestart) await runScript('prestart');
      const env = testEnvironment(service, service.state?.node?.(folder()));
      // Not by npm, which would keep a signal from it.
      server = await startServer(start.split(' '), { env });
    });
    afterAll(async () => {
      expect(await server.stop()).toBe(0);
    });

    serviceTests(service, () => server.url);

    test('says on stderr where it listens, and its version', () => {
      const { name, version } = readManifest();
      expect(server.stderr).toContain(
        `${name} ${version} listens on http://localhost:${server.port}`,
      );
    });
  });
};

/** Declares the tests of the Worker: `wrangler dev`, and what `wrangler deploy` uploads. */
export const workersTests = (service: Service): void => {
  const startUpload = async (state: string) => {
    const bundle = await bundleWorker();
    expect(bundle.output).not.toMatch(/warn/i);
    return startWorker(bundle, service.env, state);
  };
  const startDev = (state: string) => startWranglerDev('wrangler.toml', service.env, state);

  describe.each([
    ['what wrangler uploads, in workerd', startUpload],
    ['wrangler dev', startDev],
  ])('%s', (_, start) => {
    const folder = stateFolder();
    let worker: { url: string; stop(): Promise<unknown> };
    beforeAll(async () => {
      await service.state?.workers?.(folder());
      worker = await start(folder());
    });
    afterAll(() => worker.stop());

    serviceTests(service, () => worker.url);
  });
};

/** Declares the tests of the zip for AWS Lambda, by both versions of the payload. */
export const lambdaTests = (service: Service): void => {
  let lambda: Awaited<ReturnType<typeof startLambda>>;
  beforeAll(async () => {
    await runScript('build:lambda');
    lambda = await startLambda(smallRuntime, 'dist/lambda', testEnvironment(service));
  });
  afterAll(() => lambda.stop());

  describe.each(['1.0', '2.0'] as const)('on Lambda, by payload %s', (payload) => {
    contractTests(service, (sent) => lambda.send(sent, payload));
  });
};
