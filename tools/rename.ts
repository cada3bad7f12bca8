import { globSync, readFileSync, writeFileSync } from 'node:fs';
import manifest from '../package.json' with { type: 'json' };

/** What has the service's name; the library and the benchmark keep theirs. */
const files = [
  'package.json',
  'package-lock.json',
  'wrangler.toml',
  'Dockerfile*',
  'compose.yaml',
  'deploy/**/*.yaml',
  '.github/workflows/*.yml',
  'README.md',
  'docs/*.md',
];

// A label of a host name, as Cloudflare and Kubernetes want it, and a name that npm takes.
const isName = (text: string): boolean => /^[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text);

const { name: current } = manifest;

/** The name as a word of its own: not in a longer one, nor in the name of a package of that scope. */
const wordOf = (text: string) => new RegExp(`(?<![\\w@-])${text}(?![\\w-])`, 'g');

/** The code and the title of a page: elsewhere the name may be a word of English. */
const code = /^```[\s\S]*?^```|`[^`]+`|^# .*$/gm;

/** Replaces a word wherever a file may have the service's name. */
const replace = (file: string, text: string, word: RegExp, by: () => string): string => {
  const inPart = (part: string) => part.replaceAll(word, by);
  return file.endsWith('.md') ? text.replaceAll(code, inPart) : inPart(text);
};

/** Ends the command with exit code 2. */
const refuse = (...lines: string[]): never => {
  console.error(lines.join('\n'));
  process.exit(2);
};

const [name, ...others] = process.argv.slice(2);
const allowed = '1 to 63 of a-z, 0-9 and -, starting with a letter and not ending in -';
if (name === undefined || others.length > 0)
  refuse('Usage: npm run rename -- NAME', `NAME: ${allowed}.`);
else if (!isName(name)) refuse(`${JSON.stringify(name)}: must be ${allowed}`);
else {
  const texts = globSync(files)
    .toSorted()
    .map((file): [string, string] => [file, readFileSync(file, 'utf8')]);
  // The next time, its other meaning would be renamed with it.
  for (const [file, text] of texts.filter(([file]) => !file.endsWith('.md')))
    replace(file, text, wordOf(name), () =>
      refuse(`${JSON.stringify(name)}: must be a word that ${file} does not use otherwise`),
    );
  for (const [file, text] of texts) {
    let count = 0;
    const renamed = replace(file, text, wordOf(current), () => {
      count += 1;
      return name;
    });
    if (count === 0) continue;
    writeFileSync(file, renamed);
    console.log(`${file}: ${count}`);
  }
  console.log(`The service's name is ${name}. \`npm test\` shows that nothing else has to change.`);
}
