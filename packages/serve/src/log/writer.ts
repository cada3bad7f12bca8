import { fstatSync, type Stats, writeSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { unblock } from '../node/internals.ts';

// Lines are made in chunks because code runs faster in a loop than between system calls, and written
// in batches because a write for each line would halve the throughput.
const CHUNK_LINES = 64;
const BATCH_CHUNKS = 4;
const BATCH_MS = 50;

/** New lines are dropped while more than this waits for a slow reader. */
const MAX_BUFFERED_BYTES = 1_048_576;

const NEWLINE = 10;

/**
 * Writes text made of whole lines, and never throws. It only blocks on a file's disk.
 * @param done takes how many of the lines were lost
 */
export type LineSink = (text: string | Buffer, lines: number, done: (lost: number) => void) => void;

const streamSink = (stream: Writable): LineSink => {
  stream.on('error', () => {}); // EPIPE: the callback of the write has it too
  if ('isTTY' in stream) unblock(stream);
  return (text, lines, done) => {
    if (lines > 0 && stream.writableLength > MAX_BUFFERED_BYTES) done(lines);
    else stream.write(text, (error) => done(error ? lines : 0));
  };
};

/** Node's own stream for files takes a short write, which a full disk causes, for a whole one. */
const fileSink = (fd: number): LineSink => {
  let isLineBroken = false;
  return (text, lines, done) => {
    let bytes = typeof text === 'string' ? Buffer.from(text) : text;
    if (isLineBroken) bytes = Buffer.concat([Buffer.of(NEWLINE), bytes]);
    let written = 0;
    try {
      while (written < bytes.length) written += writeSync(fd, bytes, written);
    } catch {} // ENOSPC and the like: the rest is lost
    let whole = lines;
    if (written < bytes.length) {
      const text = bytes.toString('latin1', isLineBroken ? 1 : 0, written + 1);
      // A line without its newline is whole: the next write begins with one.
      whole = text.split('\n').length - 1;
    }
    if (written > 0) isLineBroken = bytes[written - 1] !== NEWLINE;
    done(lines - whole);
  };
};

/** Standard output or error. */
type StandardStream = Writable & { fd: number };

/** What a standard stream is; undefined in a worker thread, whose streams have no descriptor. */
export const statOf = ({ fd }: StandardStream): Stats | undefined => {
  try {
    return fstatSync(fd);
  } catch {
    return undefined;
  }
};

/** The way to write lines to standard output or error, whatever that is. */
export const lineSink = (stream: StandardStream): LineSink =>
  statOf(stream)?.isFile() ? fileSink(stream.fd) : streamSink(stream);

/**
 * Makes the writer of a log. Lines wait as bytes outside of V8's heap, which would grow with them.
 * @param toLine makes the line of an entry
 * @param reportLost takes the number of lost lines, once writing works again or at the flush, and
 * what to call if the report of it is lost, too
 */
export const logWriter = <Entry>(
  sink: LineSink,
  toLine: (entry: Entry) => string,
  reportLost: (lines: number, onLost: () => void) => void,
) => {
  let entries: Entry[] = [];
  let chunks: Buffer[] = []; // the lines of the entries before these
  let lines = 0; // in the chunks
  let lost = 0;
  let timer: NodeJS.Timeout | undefined;

  const report = () => {
    const told = lost;
    lost = 0;
    if (told > 0)
      reportLost(told, () => {
        lost += told;
      });
  };
  const makeChunk = () => {
    let text = '';
    for (const entry of entries) text += `${toLine(entry)}\n`;
    chunks.push(Buffer.from(text));
    lines += entries.length;
    entries = [];
  };
  const writeBatch = () => {
    clearTimeout(timer);
    timer = undefined;
    if (entries.length > 0) makeChunk();
    if (lines === 0) return;
    sink(Buffer.concat(chunks), lines, (lostNow) => {
      lost += lostNow;
      if (lostNow === 0) report();
    });
    chunks = [];
    lines = 0;
  };

  return {
    write(entry: Entry): void {
      timer ??= setTimeout(writeBatch, BATCH_MS);
      if (entries.push(entry) === CHUNK_LINES) makeChunk();
      if (chunks.length === BATCH_CHUNKS) writeBatch();
    },
    /** Resolves once every entry is written or counted as lost. */
    async flush(): Promise<void> {
      writeBatch();
      await new Promise<unknown>((resolve) => sink('', 0, resolve));
      report();
    },
  };
};
