import { readFileSync } from 'node:fs';

/** The package.json of the service in this folder. */
export const readManifest = (): {
  name: string;
  version: string;
  scripts: Record<string, string>;
} => JSON.parse(readFileSync('package.json', 'utf8'));
