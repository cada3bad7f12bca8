#!/usr/bin/env node
import { readFile } from 'node:fs/promises';
import { main } from './create.ts';

// What is packed has the template beside it: see build.ts.
const template = async () => ({
  template: JSON.parse(await readFile(new URL('template.json', import.meta.url), 'utf8')),
});

process.exitCode = await main(process.argv.slice(2), template);
