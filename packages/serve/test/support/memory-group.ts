import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const CGROUPS = '/sys/fs/cgroup';
const isVersion2 = existsSync(`${CGROUPS}/cgroup.controllers`);

/** A control group with a limit of memory. */
export interface MemoryGroup {
  /** The command, in the group. */
  inside(command: string[]): string[];
  /** Kills what still runs in it, and removes it. */
  remove(): Promise<void>;
}

const limit = (folder: string, bytes: number): void => {
  const [file, swapFile, swap] = isVersion2
    ? ['memory.max', 'memory.swap.max', 0]
    : ['memory.limit_in_bytes', 'memory.memsw.limit_in_bytes', bytes];
  writeFileSync(`${folder}/${file}`, String(bytes));
  // It is missing where the kernel does not count swap.
  if (existsSync(`${folder}/${swapFile}`)) writeFileSync(`${folder}/${swapFile}`, String(swap));
};

/** Makes a control group; undefined where this machine doesn't let us: without root, or in a container. */
export const makeMemoryGroup = (megabytes: number): MemoryGroup | undefined => {
  const folder = `${CGROUPS}${isVersion2 ? '' : '/memory'}/edge-ping-test-${process.pid}`;
  try {
    if (isVersion2) writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+memory');
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  try {
    limit(folder, megabytes * 2 ** 20);
  } catch {
    rmdirSync(folder);
    return undefined;
  }
  const file = `${folder}/cgroup.procs`;
  const processes = () => readFileSync(file, 'utf8').match(/\d+/g) ?? [];
  return {
    inside: (command) => ['sh', '-c', `echo $$ > ${file} && exec "$@"`, 'sh', ...command],
    async remove() {
      for (const id of processes()) {
        try {
          process.kill(Number(id), 'SIGKILL');
        } catch {} // it has just ended
      }
      while (processes().length > 0) await sleep(10); // until the kernel has forgotten them
      rmdirSync(folder);
    },
  };
};
