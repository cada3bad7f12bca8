/** What carries the app to a platform. */
export const targets = ['node', 'container', 'workers', 'lambda'] as const;
export type Target = (typeof targets)[number];

/** The files of a service: those that every one has, and those of each target. */
export const templateFiles: Record<'all' | Target, readonly string[]> = {
  all: [
    '.editorconfig',
    '.gitattributes',
    '.github/dependabot.yml',
    '.github/workflows/ci.yml',
    '.gitignore',
    '.npmrc',
    'README.md',
    'biome.json',
    'package.json',
    'src/app.ts',
    'src/tsconfig.json',
    'test/app.test.ts',
    'test/contract.ts',
    'test/service.ts',
    'tsconfig.json',
    'vitest.config.ts',
  ],
  node: ['adapters/node.ts', 'test/node.test.ts'],
  container: [
    '.dockerignore',
    '.github/workflows/release.yml',
    'Dockerfile',
    'Dockerfile.multistage',
    'compose.yaml',
    'deploy/kubernetes.yaml',
    'deploy/kustomization.yaml',
    'deploy/network-policy.yaml',
    'test/image/image.test.ts',
  ],
  workers: [
    '.github/workflows/deploy.yml',
    'adapters/cloudflare.ts',
    'test/cloudflare.test.ts',
    'wrangler.toml',
  ],
  lambda: ['adapters/lambda.ts', 'deploy/zip.ts', 'test/lambda.test.ts'],
};

/** Texts by path. */
export type Files = Record<string, string>;

/** What services are made from: the service at the root of the repository, and the example. */
export interface Template {
  /** The version of the packages that a service depends on. */
  version: string;
  /** The URL of the pages of that version. */
  pages: string;
  service: Files;
  links: Files;
}
