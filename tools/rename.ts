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
const word = new RegExp(`(?<![\\w@-])${current}(?![\\w-])`, 'g');

/** The code and the title of a page: elsewhere the name may be a word of English. */
const code = /^```[\s\S]*?^```|`[^`]+`|^# .*$/gm;

const [name, ...others] = process.argv.slice(2);
const allowed =
  'a name of 1 to 63 characters: a to z, 0 to 9 and -, with a letter first and no - last';
if (name === undefined || others.length > 0) {
  console.error(`Usage: npm run rename -- NAME\nNAME is ${allowed}.`);
  process.exit(2);
}
if (!isName(name)) {
  console.error(`${JSON.stringify(name)}: must be ${allowed}`);
  process.exit(2);
}

for (const file of globSync(files).toSorted()) {
  let count = 0;
  const rename = (text: string): string =>
    text.replaceAll(word, () => {
      count += 1;
      return name;
    });
  const text = readFileSync(file, 'utf8');
  const renamed = file.endsWith('.md') ? text.replaceAll(code, rename) : rename(text);
  if (count === 0) continue;
  writeFileSync(file, renamed);
  console.log(`${file}: ${count}`);
}
console.log(`The service's name is ${name}. \`npm test\` shows that nothing else has to change.`);
