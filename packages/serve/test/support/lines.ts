import { truncateSync } from 'node:fs';
import { lineSink } from '../../src/node/log-writer.ts';

// Writes lines to a file that may have no more than 512 bytes. The first is so long that the file is
// full in its midst, at its end, or before its newline; LENGTH is its length without the newline. On
// stderr it says how many lines each write has lost.

const [file = ''] = process.argv.slice(2);
const length = Number(process.env.LENGTH);
const sink = lineSink(process.stdout);
const losses: number[] = [];
const write = (...lines: string[]) =>
  sink(`${lines.join('\n')}\n`, lines.length, (lost) => losses.push(lost));

write('a'.repeat(length), 'second');
write('third');
truncateSync(file); // there is room again
write('fourth', 'fifth');
process.stderr.write(JSON.stringify(losses));
