import { readFile } from 'node:fs/promises';

/** The packages that are published, in the order in which they need each other. */
export const publishedPackages = ['serve', 'serve-testing', 'create'] as const;

interface Manifest {
  name: string;
  version: string;
  exports?: Record<string, string | Record<string, string>>;
  bin?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  [field: string]: unknown;
}

/** Reads the package.json of the package in this folder, without what is only for developing it. */
export const readPublished = async (): Promise<Manifest> => {
  const {
    scripts: _scripts,
    devDependencies: _dev,
    ...manifest
  }: Manifest = JSON.parse(await readFile('package.json', 'utf8'));
  const { version, peerDependencies } = manifest;
  const { GITHUB_REPOSITORY } = process.env;
  return {
    ...manifest,
    // One version, so what is relied on is the same major.
    ...(peerDependencies?.['@edge-ping/serve'] && {
      peerDependencies: { ...peerDependencies, '@edge-ping/serve': `^${version}` },
    }),
    // npm compares it with the repository whose workflow publishes: https://docs.npmjs.com/trusted-publishers
    ...(GITHUB_REPOSITORY && {
      repository: { type: 'git', url: `git+https://github.com/${GITHUB_REPOSITORY}.git` },
    }),
  };
};
