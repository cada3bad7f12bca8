import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Files, type Template, templateFiles } from './template.ts';

const root = join(import.meta.dirname, '../../..');
const example = join(root, 'examples/links');
/** The files that a service has in place of the repository's own. */
const instead = join(import.meta.dirname, '../service');

/** Of the example, the lockfile and the test of its page are about this repository. */
const isOurs = (path: string): boolean =>
  /^(package-lock\.json|test\/readme\.test\.ts)$/.test(path);

const readAll = (paths: string[], ...folders: string[]): Files =>
  Object.fromEntries(
    paths.toSorted().map((path) => {
      const file = folders.map((folder) => join(folder, path)).find(existsSync) ?? path;
      return [path, readFileSync(file, 'utf8')];
    }),
  );

/** Reads what services are made from, in the repository. */
export const readTemplate = (): Template => {
  const { version } = JSON.parse(readFileSync(join(root, 'packages/serve/package.json'), 'utf8'));
  const tracked = execFileSync('git', ['ls-files'], { cwd: example, encoding: 'utf8' });
  const links = tracked.trim().split('\n');
  const { GITHUB_REPOSITORY = 'OWNER/REPOSITORY' } = process.env;
  return {
    version,
    pages: `https://github.com/${GITHUB_REPOSITORY}/blob/v${version}/docs`,
    service: readAll(Object.values(templateFiles).flat(), instead, root),
    links: readAll(
      links.filter((path) => !isOurs(path)),
      example,
    ),
  };
};
