import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect, test } from 'vitest';
import { isNode, parseAllDocuments, parseDocument } from 'yaml';
import manifest from '../../../package.json' with { type: 'json' };
import { contract } from '../../../test/contract.ts';

const SHUTDOWN_MS = 5_500; // the library's deadline, and what it takes to end
const text = await readFile('deploy/kubernetes.yaml', 'utf8');
const policy = parseDocument(await readFile('deploy/network-policy.yaml', 'utf8')).toJSON();
const dockerfile = await readFile('Dockerfile.multistage', 'utf8');

/**
 * Checks the objects as literals of the types that Kubernetes' OpenAPI schema makes: of a literal
 * TypeScript refuses unknown fields, at every level, which the schema itself lets pass.
 */
const typeErrors = async (objects: string): Promise<string[]> => {
  const lines = parseAllDocuments(objects).flatMap((document, i) => {
    if (document.errors[0]) throw document.errors[0];
    const group = `${document.get('apiVersion')}`
      .replace(/^v1$/, 'core/v1')
      .replace('.k8s.io/', '/');
    const types = JSON.stringify(resolve('node_modules/kubernetes-types', `${group}.js`));
    return [
      `import type { ${document.get('kind')} as Type${i} } from ${types};`,
      `export const object${i}: Type${i} = ${JSON.stringify(document)};`,
    ];
  });
  const directory = await mkdtemp(join(tmpdir(), 'kubernetes-'));
  try {
    const file = join(directory, 'objects.ts');
    await writeFile(file, lines.join('\n'));
    const options = ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext'];
    const { ended, stdout } = run(['tsc', ...options, '--types', '', '--pretty', 'false', file]);
    await ended;
    return stdout;
  } finally {
    await rm(directory, { recursive: true });
  }
};

const objects = new Map(
  parseAllDocuments(text).map((document) => [document.get('kind'), document]),
);
const at = (kind: string, ...path: (string | number)[]): unknown => {
  const value = objects.get(kind)?.getIn(path);
  return isNode(value) ? value.toJSON() : value;
};
const pod = (...path: (string | number)[]) => at('Deployment', 'spec', 'template', 'spec', ...path);
const container = (...path: (string | number)[]) => pod('containers', 0, ...path);

const labels = { 'app.kubernetes.io/name': manifest.name };

test('Kubernetes knows every field of the manifests, and one that is misspelt, of the wrong type, of another API or missing is refused', async () => {
  const faults = [
    ['sleep:', 'slep:', `'"slep"' does not exist in type 'LifecycleHandler'`],
    ['readinessProbe:', 'readinesProbe:', `'"readinesProbe"' does not exist in type 'Container'`],
    ['seconds: 5', 'seconds: 5s', `Type 'string' is not assignable to type 'number'`],
    ['policy/v1', 'policy/v0', 'Cannot find module'],
    ['maxReplicas: 10', '', `Property 'maxReplicas' is missing`],
  ] as const;
  const faulty = faults.map(([right, wrong]) => text.replace(right, wrong));
  const expected = faults.map(([, , error]) => expect.stringContaining(error));
  expect(await typeErrors([text, `${JSON.stringify(policy)}\n`, ...faulty].join('---\n'))).toEqual(
    expected,
  );
});

test('the service, the budget and the autoscaler mean the pods of the deployment', () => {
  expect([...objects.values()].map((object) => object.getIn(['metadata', 'name']))).toEqual(
    Array(4).fill(manifest.name),
  );
  expect(at('Deployment', 'spec', 'template', 'metadata', 'labels')).toEqual(labels);
  expect(at('Deployment', 'spec', 'selector')).toEqual({ matchLabels: labels });
  expect(at('Service', 'spec', 'selector')).toEqual(labels);
  expect(at('PodDisruptionBudget', 'spec', 'selector')).toEqual({ matchLabels: labels });
  expect(at('HorizontalPodAutoscaler', 'spec', 'scaleTargetRef')).toEqual({
    apiVersion: at('Deployment', 'apiVersion'),
    kind: 'Deployment',
    name: at('Deployment', 'metadata', 'name'),
  });
});

test('the pod runs the image of this version, on its port, as its user', () => {
  const last = (instruction: string) =>
    [...dockerfile.matchAll(new RegExp(`^${instruction} (.*)$`, 'gm'))].at(-1)?.[1];
  expect(container('image')).toMatch(new RegExp(`/[^/]+:${manifest.version}$`));
  expect(container('ports')).toEqual([{ name: 'http', containerPort: Number(last('EXPOSE')) }]);
  expect(at('Service', 'spec', 'ports', 0, 'targetPort')).toBe('http');
  expect(`${pod('securityContext', 'runAsUser')}:${pod('securityContext', 'runAsGroup')}`).toBe(
    last('USER'),
  );
});

test.each(['readinessProbe', 'livenessProbe'])(
  'the %s asks what the image asks of itself, and is answered',
  (probe) => {
    const path = container(probe, 'httpGet', 'path');
    expect(container(probe, 'httpGet', 'port')).toBe('http');
    expect(contract.find((one) => one.method === 'GET' && one.path === path)?.status).toBe(200);
    expect(/^HEALTHCHECK(?:.*\\\n)*.*/m.exec(dockerfile)?.[0]).toContain(`'${path}'`);
  },
);

test('the liveness probe restarts a pod only when it has not responded for five minutes', () => {
  const { periodSeconds, timeoutSeconds, failureThreshold } = Object(container('livenessProbe'));
  expect(periodSeconds * failureThreshold).toBeGreaterThanOrEqual(300);
  expect(timeoutSeconds).toBeGreaterThanOrEqual(10);
  // A pod that takes no traffic is no reason to restart it, so Kubernetes must know that sooner.
  const readiness = Object(container('readinessProbe'));
  expect(readiness.periodSeconds * (readiness.failureThreshold ?? 3)).toBeLessThanOrEqual(30);
});

test('the example of a network policy means the pods of the deployment, and their port', () => {
  expect(policy.spec.podSelector).toEqual({ matchLabels: labels });
  expect(policy.spec.ingress[0].ports).toEqual([
    { port: at('Service', 'spec', 'ports', 0, 'name') },
  ]);
});

test('the pod keeps to the restricted Pod Security Standard and writes nothing', () => {
  expect(pod()).toMatchObject({
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
      },
    ],
  });
});

test('an update takes no pod away before another answers, and lets its requests end', async () => {
  expect(at('Deployment', 'spec', 'strategy', 'rollingUpdate', 'maxUnavailable')).toBe(0);
  const sleep = Number(container('lifecycle', 'preStop', 'sleep', 'seconds'));
  expect(Number(pod('terminationGracePeriodSeconds'))).toBeGreaterThan(sleep + SHUTDOWN_MS / 1_000);
});
