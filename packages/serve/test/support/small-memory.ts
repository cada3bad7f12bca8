// For --import: a process on a machine with 128 MB of memory.

process.constrainedMemory = () => 128 * 2 ** 20;
