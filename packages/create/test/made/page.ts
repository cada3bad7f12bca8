import { readFileSync } from 'node:fs';

const page = readFileSync('docs/your-service.md', 'utf8');

/** The page's code, each with its section, and the file that it is for. */
export const snippets = page.split(/^## /m).flatMap((text) => {
  const [section = ''] = text.split('\n');
  return [...text.matchAll(/^```tsx?\n\/\/ (\S+)\n(.*?)^```$/gms)].map(
    ([, file = '', code = '']) => ({ section, file, code }),
  );
});

/** Puts code of the page into a source of a service. */
export const insert = (source: string, file: string, code: string): string => {
  if (file === 'test/contract.ts')
    return source.replace(/^(export const contract.*)$/m, `$1\n  ${code.trim()}`);
  if (file === 'test/service.ts')
    return code.includes('env:')
      ? source.replace('  env: {},\n', code)
      : source.replace(/^};$/m, `${code}};`);
  if (file !== 'src/app.ts') return code;
  const imports = code.split('\n').filter((line) => line.startsWith('import '));
  const types = /^export interface Bindings {.*?^}$/ms.exec(code)?.[0];
  let rest = code;
  for (const part of [...imports, ...(types ? [types] : [])]) rest = rest.replace(part, '');
  let result = source.replace('app.notFound(', `${rest.trim()}\napp.notFound(`);
  if (types) result = result.replace(/^export type Bindings = .*$/m, types);
  return [...imports, result].join('\n');
};
