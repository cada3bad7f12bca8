import { truncateSync, writeSync } from 'node:fs';
import { lineSink } from '../../src/log/writer.ts';

// Writes lines to a file whose size is limited. The first is shorter than what fits in by the number
// BEFORE, without its newline. On stderr it says how many lines each write has lost.

const [file = ''] = process.argv.slice(2);
const { fd } = process.stdout;

let capacity = 0;
try {
  for (;;) capacity += writeSync(fd, 'x'.repeat(64));
} catch {}
truncateSync(file);

const sink = lineSink(process.stdout);
const losses: number[] = [];
const write = (...lines: string[]) =>
  sink(`${lines.join('\n')}\n`, lines.length, (lost) => losses.push(lost));

write('a'.repeat(capacity - Number(process.env.BEFORE)), 'second');
write('third');
truncateSync(file); // there is room again
write('fourth', 'fifth');
process.stderr.write(JSON.stringify(losses));
