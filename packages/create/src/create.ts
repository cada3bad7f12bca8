import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CANCEL_SYMBOL, isCancel, multiselect, text } from '@clack/prompts';
import { type Choice, makeService } from './make-service.ts';
import { type Target, type Template, targets } from './template.ts';

const DEFAULT_NAME = 'my-service';
const DEFAULT_TARGETS: readonly Target[] = ['node', 'container', 'workers'];

const usage = `Usage: npm create edge-ping@latest [NAME] [-- OPTION...]

Makes a service in the folder NAME, installs its packages, and begins its history in git.
  --targets LIST     of ${targets.join(', ')}, with commas between them; the image needs node
  --example links    a link shortener with a database, in place of the service with two routes
  --no-install       installs nothing
  --no-git           makes no repository
  --yes              asks nothing: what is not given is as usual (${DEFAULT_NAME}, for ${DEFAULT_TARGETS.join(',')})`;

// One label of a preview's host name on Workers, which is "<8 digits>-<name>", has 63 characters.
const MAX_NAME = 54;
const isName = (name: string): boolean =>
  name.length <= MAX_NAME && /^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(name);
const allowedName = `1 to ${MAX_NAME} of a-z, 0-9 and -, starting with a letter and not ending in -`;

/** Whatever stops the making of a service, said in one line. */
class Refusal extends Error {}
/** The user has left the questions, or pressed Ctrl-C. */
class Cancelled extends Error {}

const readTargets = (list: string): Target[] => {
  const names = list.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !targets.some((target) => target === name));
  if (wrong !== undefined)
    throw new Refusal(`--targets "${list}": must be of ${targets.join(', ')}, with commas`);
  return withNode(targets.filter((target) => names.includes(target)));
};

/** The image runs the Node server. */
const withNode = (chosen: Target[]): Target[] =>
  chosen.includes('container') && !chosen.includes('node') ? ['node', ...chosen] : chosen;

interface Options {
  name?: string | undefined;
  targets?: string | undefined;
  example?: string | undefined;
  install: boolean;
  git: boolean;
  yes: boolean;
}

/** Reads the command line; nothing if it can't be read, or asks for help. */
const readArguments = (args: string[]): Options | undefined => {
  try {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        targets: { type: 'string' },
        example: { type: 'string' },
        'no-install': { type: 'boolean', default: false },
        'no-git': { type: 'boolean', default: false },
        yes: { type: 'boolean', short: 'y', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help || positionals.length > 1) return undefined;
    return {
      name: positionals[0],
      targets: values.targets,
      example: values.example,
      install: !values['no-install'],
      git: !values['no-git'],
      yes: values.yes,
    };
  } catch {
    return undefined;
  }
};

const answerOf = <T>(answer: T | typeof CANCEL_SYMBOL): T => {
  if (isCancel(answer)) throw new Cancelled();
  return answer;
};

const nameProblem = (path: string): string | undefined => {
  const name = basename(resolve(path));
  return isName(name) ? undefined : `"${name}": must be ${allowedName}`;
};

const askName = async (): Promise<string> =>
  answerOf(
    await text({
      message: 'What is the name of the service?',
      placeholder: DEFAULT_NAME,
      defaultValue: DEFAULT_NAME,
      validate: (value = '') => (value === '' ? undefined : nameProblem(value)),
    }),
  );

const askTargets = async (): Promise<Target[]> =>
  withNode(
    answerOf(
      await multiselect<Target>({
        message: 'Where shall it run?',
        options: [
          { value: 'node', label: 'Node' },
          { value: 'container', label: 'in a container', hint: 'with Node' },
          { value: 'workers', label: 'Cloudflare Workers' },
          { value: 'lambda', label: 'AWS Lambda' },
        ],
        initialValues: [...DEFAULT_TARGETS],
      }),
    ),
  );

/** What is in a folder; nothing if it isn't there. */
const entriesOf = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new Refusal(`${folder}: ${error.code === 'ENOTDIR' ? 'is a file' : error.message}`);
  });

/** Runs a command in a folder; resolves with its exit code, which is 130 after Ctrl-C, as in a shell. */
const run = (command: string, args: string[], cwd: string, signal: AbortSignal) =>
  new Promise<number | null>((done) => {
    const shell = process.platform === 'win32'; // npm is a script there
    const child = spawn(command, args, {
      cwd,
      shell,
      signal,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    child.on('error', () => done(null));
    child.on('close', (code, killedBy) => done(killedBy === 'SIGINT' ? 130 : code));
  });

/** Whether a command succeeds, whatever it prints. */
const succeeds = (command: string, args: string[], cwd: string): boolean =>
  spawnSync(command, args, { cwd, stdio: 'ignore' }).status === 0;

/** A path as a shell takes it. */
const shellWord = (path: string): string => (/[^\w./-]/.test(path) ? JSON.stringify(path) : path);

/** What a service is made from, and the tarballs that it gets where the packages are not from npm. */
export interface Source {
  template: Template;
  tarballs?: { serve: string; testing: string };
}

const create = async (options: Options, { template, tarballs }: Source): Promise<void> => {
  const { example } = options;
  if (example !== undefined && example !== 'links')
    throw new Refusal(`--example "${example}": must be links`);
  if (example && options.targets !== undefined)
    throw new Refusal('--targets: the example has its own, which are node, container and workers');
  const given = options.targets === undefined ? undefined : readTargets(options.targets);
  const isAsked = !options.yes && process.stdin.isTTY && process.stdout.isTTY;
  const path = options.name ?? (isAsked ? await askName() : DEFAULT_NAME);
  const chosen = given ?? (isAsked && !example ? await askTargets() : DEFAULT_TARGETS);
  const problem = nameProblem(path);
  if (problem) throw new Refusal(problem);
  const folder = resolve(path);
  const isThere = existsSync(folder);
  const before = await entriesOf(folder);
  if (before.some((entry) => entry !== '.git'))
    throw new Refusal(`${folder}: must be empty, or not be there`);
  const removeWhatIsMade = async () => {
    if (!isThere) return rm(folder, { recursive: true, force: true });
    const made = (await entriesOf(folder)).filter((entry) => !before.includes(entry));
    for (const entry of made) await rm(join(folder, entry), { recursive: true, force: true });
  };

  const cancelling = new AbortController();
  const { signal } = cancelling;
  process.on('SIGINT', () => cancelling.abort()).on('SIGTERM', () => cancelling.abort());
  const choice: Choice = {
    name: basename(folder),
    targets: chosen,
    ...(example && { example }),
    ...(tarballs && {
      vendored: { serve: basename(tarballs.serve), testing: basename(tarballs.testing) },
    }),
  };
  try {
    for (const [file, content] of Object.entries(makeService(template, choice))) {
      await mkdir(dirname(join(folder, file)), { recursive: true });
      await writeFile(join(folder, file), content);
    }
    for (const tarball of Object.values(tarballs ?? {}))
      await cp(tarball, join(folder, 'vendor', basename(tarball)));
    const isInRepository = ['rev-parse', '--is-inside-work-tree'];
    // In a repository that is there already, such as one of several services, it is a folder.
    if (options.git && !succeeds('git', isInRepository, folder))
      await run('git', ['init', '--quiet', '--initial-branch', 'main'], folder, signal);
    const install = ['install', '--no-audit', '--no-fund', '--loglevel', 'silent'];
    const code = options.install ? await run('npm', install, folder, signal) : 0;
    // A terminal sends Ctrl-C to npm as well, which may end before the signal arrives here.
    if (signal.aborted || code === 130) throw new Cancelled();
    if (code !== 0)
      throw new Refusal(
        `the packages could not be installed. The service is in ${folder}: run \`npm install\` there`,
      );
  } catch (error) {
    if (error instanceof Cancelled) await removeWhatIsMade();
    throw error;
  }

  const start = choice.targets.includes('node') ? 'npm start' : 'npm run dev:worker';
  const steps = [
    `cd ${shellWord(relative('.', folder) || '.')}`,
    ...(options.install ? [] : ['npm install']),
    ...(choice.targets.some((target) => target !== 'lambda') ? [start] : []),
    'npm test',
  ];
  console.log(`${choice.name} is made. Next:\n  ${steps.join('\n  ')}`);
};

/** Makes a service as a program does. Resolves with the exit code. */
export const main = async (args: string[], source: () => Promise<Source>): Promise<number> => {
  const options = readArguments(args);
  if (!options) {
    console.error(usage);
    return args.some((arg) => arg === '--help' || arg === '-h') ? 0 : 2;
  }
  try {
    await create(options, await source());
    return 0;
  } catch (error) {
    if (error instanceof Cancelled) {
      console.error('cancelled: nothing is left');
      return 130;
    }
    // What the file system refuses is said in one line, too.
    if (!(error instanceof Refusal || (error instanceof Error && 'syscall' in error))) throw error;
    console.error(error.message);
    return 1;
  }
};
