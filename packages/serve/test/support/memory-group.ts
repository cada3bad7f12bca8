import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';

const CGROUPS = '/sys/fs/cgroup';

/** A control group with a limit of memory. */
export interface MemoryGroup {
  /** The command, in the group. */
  inside(command: string[]): string[];
  /** Removes it, once its processes have ended. */
  remove(): void;
}

/** Makes a control group; undefined where this machine doesn't let us: without root, or in a container. */
export const makeMemoryGroup = (megabytes: number): MemoryGroup | undefined => {
  const isVersion2 = existsSync(`${CGROUPS}/cgroup.controllers`);
  const folder = `${CGROUPS}${isVersion2 ? '' : '/memory'}/edge-ping-test-${process.pid}`;
  const limit = isVersion2 ? 'memory.max' : 'memory.limit_in_bytes';
  try {
    if (isVersion2) writeFileSync(`${CGROUPS}/cgroup.subtree_control`, '+memory');
    mkdirSync(folder);
    writeFileSync(`${folder}/${limit}`, String(megabytes * 2 ** 20));
  } catch {
    return undefined;
  }
  return {
    inside: (command) => [
      'sh',
      '-c',
      `echo $$ > ${folder}/cgroup.procs && exec "$@"`,
      'sh',
      ...command,
    ],
    remove: () => rmdirSync(folder),
  };
};
