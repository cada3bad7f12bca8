import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, normalize } from 'node:path';
import { run } from '@edge-ping/serve-testing/process';
import { expect, onTestFinished, test } from 'vitest';

/** The declarations that the compiler makes of a package's sources, by module. */
const declarationsOf = async (folder: string): Promise<(module: string) => Promise<string>> => {
  const directory = await mkdtemp(join(tmpdir(), 'api-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const options = ['--emitDeclarationOnly', '--outDir', directory];
  const { stdout, ended } = run(['tsc', '-p', join(folder, 'tsconfig.build.json'), ...options]);
  expect(await ended, stdout.join('\n')).toBe(0);
  return (module) => readFile(join(directory, module.replace(/\.ts$/, '.d.ts')), 'utf8');
};

/** The modules that declarations name, relative to theirs. */
const named = (module: string, text: string): string[] =>
  [...text.matchAll(/(?:from |import\()['"](\.[^'"]+)['"]/g)].map(([, path = '']) =>
    normalize(join(module, '..', path)),
  );

test.each(['packages/serve', 'packages/serve-testing'])(
  'the public API of %s is the one that is written down: `npx vitest run --project template -u` writes it again, and CHANGELOG.md says what changed',
  async (folder) => {
    const { name, exports } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const read = await declarationsOf(folder);
    const entries = Object.entries<string | Record<string, string>>(exports);
    const modules = new Map<string, string>();
    const add = async (module: string): Promise<void> => {
      if (modules.has(module)) return;
      const text = await read(module);
      modules.set(module, text);
      for (const other of named(module, text)) await add(other);
    };
    const list: string[] = [];
    for (const [subpath, sources] of entries) {
      const sourcesOf = Object.values(typeof sources === 'string' ? { sources } : sources);
      const paths = [...new Set(sourcesOf)].map((path) => path.replace('./src/', ''));
      for (const path of paths) await add(path);
      list.push(`- \`${join(name, subpath)}\`: ${paths.map((path) => `\`${path}\``).join(', ')}`);
    }
    const declarations = [...modules]
      .toSorted(([one], [other]) => (one < other ? -1 : 1))
      .map(([module, text]) => {
        const own = text.replaceAll(/^import .*\n|^export \{\};\n|^ *(\/\*\*|\*).*\n/gm, '');
        return `## ${module}\n\n\`\`\`ts\n${own.trim()}\n\`\`\`\n`;
      });
    const page = [`# The API of ${name}`, '', ...list, '', ...declarations].join('\n');
    await expect(page).toMatchFileSnapshot(join('../..', folder, 'api.md'));
  },
);
