import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import type { AccessRecord, ErrorRecord } from '@edge-ping/serve';

/** A server process and what it has said so far. */
export interface ServerProcess {
  child: ChildProcess;
  url: string;
  port: number;
  stdout: string[];
  stderr: string[];
  /** The access log so far. */
  records(): AccessRecord[];
  /** The error log so far: stderr without its plain lines. */
  errors(): ErrorRecord[];
  /** Resolves when the process has ended, with its exit code, or the signal that killed it. */
  ended: Promise<number | NodeJS.Signals>;
  /** Sends SIGTERM and resolves as `ended` does. */
  stop(): Promise<number | NodeJS.Signals>;
}

const running = new Set<ChildProcess>();

/** Kills what is still running: what fails may leave processes behind. */
export const killRunning = (): void => {
  for (const child of running) child.kill('SIGKILL');
};
process.once('exit', killRunning);

/** Runs a command and collects its lines; `ended` resolves once its output is all there, too. */
export const run = (command: string[], options: SpawnOptions = {}) => {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  running.add(child);
  const stdout: string[] = [];
  const stderr: string[] = [];
  if (child.stdout) createInterface(child.stdout).on('line', (line) => stdout.push(line));
  const stderrReader = child.stderr && createInterface(child.stderr);
  stderrReader?.on('line', (line) => stderr.push(line));
  const ended = once(child, 'close').then(([code, signal]) => {
    running.delete(child);
    return (code ?? signal) as number | NodeJS.Signals;
  });
  return { child, stdout, stderr, stderrReader, ended };
};

/** Makes a function that parses the lines so far, each once; those that are plain are left out. */
const parserOf = <T>(lines: string[], isPlain = (_: string) => false) => {
  const parsed: T[] = [];
  let count = 0;
  return () => {
    for (const line of lines.slice(count)) {
      if (!isPlain(line)) parsed.push(JSON.parse(line));
      count += 1;
    }
    return [...parsed];
  };
};

/** A TCP port that nobody listens on. */
export const freePort = async (): Promise<number> => {
  const probe = createServer().listen(0);
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
};

/** Starts a server on a free port and waits for its start line. */
export const startServer = async (
  command: string[],
  { env, ...options }: SpawnOptions = {},
): Promise<ServerProcess> => {
  const { child, stdout, stderr, stderrReader, ended } = run(command, {
    ...options,
    env: { ...process.env, PORT: '0', ...env },
  });
  const port = await new Promise<number>((resolve, reject) => {
    stderrReader?.on('line', (line) => {
      const port = /listens on http:\/\/\S+:(\d+)$/.exec(line)?.[1];
      if (port) resolve(Number(port));
    });
    ended.then((code) => reject(new Error(`ended with ${code}: ${stderr.join('\n')}`)));
  });
  return {
    child,
    url: `http://127.0.0.1:${port}`,
    port,
    stdout,
    stderr,
    records: parserOf(stdout),
    errors: parserOf(stderr, (line) => !line.startsWith('{')),
    ended,
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
};
