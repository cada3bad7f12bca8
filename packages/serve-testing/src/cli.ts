#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as deploying from './deploy.ts';
import * as releasing from './release.ts';
import type { Service } from './service.ts';
import { smoke } from './smoke.ts';

const usage = `Usage: serve-testing smoke|deploy|release …

Each reads the service of test/service.ts, in the folder that it is run in.`;

/** What each command does with the service; it returns the exit code. */
const commands: Record<string, (service: Service, args: string[]) => number | Promise<number>> = {
  smoke,
  deploy: (service, args) => {
    if (args.length === 0) return deploying.deploy(service);
    console.error(deploying.usage);
    return 2;
  },
  release: releasing.release,
};

const [name = '', ...args] = process.argv.slice(2);
const command = commands[name];
const path = resolve('test/service.ts');
if (command && existsSync(path)) {
  const { service } = await import(pathToFileURL(path).href);
  process.exitCode = await command(service, args);
} else {
  console.error(command ? `${path}: is not there` : usage);
  process.exitCode = 2;
}
