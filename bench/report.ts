import type { Figures } from './measure.ts';
import { names } from './servers.ts';
import type { Worker } from './worker.ts';

/** What was measured of a server. */
export interface Samples {
  rounds: Figures[];
  /** Milliseconds to the first answer, of each start. */
  starts: number[];
}

/** What was measured of a Worker. */
export interface WorkerSamples extends Worker {
  /** Milliseconds from the start of workerd to the first answer, of each start. */
  starts: number[];
}

/** All that was measured. */
export interface Results {
  /** When, where and how. */
  about: Record<string, string>;
  /** The fixed rate, in requests per second. */
  rate: number;
  /** By the server's name, the reference first. */
  servers: Map<string, Samples>;
  product: WorkerSamples;
  bare: WorkerSamples;
}

type Metric = (samples: Samples) => number[];
const ofRounds =
  (key: keyof Figures): Metric =>
  ({ rounds }) =>
    rounds.map((figures) => figures[key]);
const throughput = ofRounds('requestsPerSecond');
const cpu = ofRounds('cpu');
const p50 = ofRounds('p50');
const p99 = ofRounds('p99');
const memory = ofRounds('peakMemory');
const starts: Metric = (samples) => samples.starts;

const columns: [title: string, metric: Metric, digits: number][] = [
  ['requests/s', throughput, 0],
  ['CPU s per 100,000', cpu, 2],
  ['p50 ms', p50, 2],
  ['p99 ms', p99, 2],
  ['peak MB', memory, 0],
  ['first answer ms', starts, 0],
];

const median = (values: number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return ((low ?? NaN) + (high ?? NaN)) / 2;
};

const format = (value: number, digits: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

const withSpread = (values: number[], digits: number): string => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (least === most) return format(least, digits);
  return `${format(median(values), digits)} (${format(least, digits)}–${format(most, digits)})`;
};

type Pairing = (ours: number, theirs: number) => number;
const ratio: Pairing = (ours, theirs) => ours / theirs;
const difference: Pairing = (ours, theirs) => ours - theirs;

/** Pairs what was measured one after the other: what slowed the machine then slowed both. */
const pair = (ours: number[], theirs: number[], pairing: Pairing): number[] =>
  ours.map((value, index) => pairing(value, theirs[index] ?? NaN));

const table = (head: string[], rows: string[][]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

const goal = (what: string, values: number[], relation: '≥' | '≤', limit: number): string[] => {
  const measured = median(values);
  const reached = relation === '≥' ? measured >= limit : measured <= limit;
  return [what, `${relation} ${limit}`, withSpread(values, 2), reached ? 'yes' : 'no'];
};

const goals = ({ servers, product }: Results): string[][] => {
  const rows: string[][] = [];
  const compare = (
    what: string,
    [ours, theirs]: [string, string],
    metric: Metric,
    pairing: Pairing,
    relation: '≥' | '≤',
    limit: number,
  ) => {
    const [our, their] = [servers.get(ours), servers.get(theirs)];
    if (our && their)
      rows.push(goal(what, pair(metric(our), metric(their), pairing), relation, limit));
  };
  const toGo: [string, string] = [names.product, names.go];
  const toBare: [string, string] = [names.product, names.nodeHttpLog];
  compare('requests/s, to Go', toGo, throughput, ratio, '≥', 1);
  compare('the same, both to a pipe', [names.productPipe, names.goPipe], throughput, ratio, '≥', 1);
  compare('requests/s, to node:http with the same log', toBare, throughput, ratio, '≥', 0.95);
  compare('requests/s, to Fastify', [names.product, names.fastify], throughput, ratio, '≥', 1.3);
  compare('p99, ms more than Go', toGo, p99, difference, '≤', 1);
  compare(
    'first answer, to node:http without log',
    [names.product, names.nodeHttp],
    starts,
    ratio,
    '≤',
    1.25,
  );
  compare('peak memory, to node:http with the same log', toBare, memory, ratio, '≤', 1.15);
  return [...rows, goal('Worker, kB gzip', [product.gzipSize / 1000], '≤', 10)];
};

/** The results as tables in Markdown. */
export const tables = (results: Results): string => {
  const { servers, rate, product, bare } = results;
  const [[name, reference] = ['', undefined]] = servers;
  const head = ['', ...columns.map(([title]) => title)];
  const rows = (cell: (samples: Samples, metric: Metric, digits: number) => string) =>
    [...servers].map(([server, samples]) => [
      server,
      ...columns.map(([, metric, digits]) => cell(samples, metric, digits)),
    ]);
  const figures = rows((samples, metric, digits) => withSpread(metric(samples), digits));
  const ratios = rows((samples, metric) =>
    format(median(pair(metric(samples), reference ? metric(reference) : [], ratio)), 2),
  );
  const workers = [product, bare].map((worker) => [
    worker.name,
    format(worker.size / 1000, 1),
    format(worker.gzipSize / 1000, 1),
    withSpread(worker.starts, 0),
  ]);
  return `## Goals

${table(['edge-ping', 'goal', 'measured', 'reached'], goals(results))}

## Ratios to "${name}"

${table(head, ratios)}

## Figures

Medians, with the least and the most. Latencies are those at ${format(rate, 0)} requests/s, half of what
"${name}" took in the first round.

${table(head, figures)}

## The Worker

${table(['', 'kB', 'kB gzip', 'first answer of workerd ms'], workers)}
`;
};

/** The results as a page, with a chart that GitHub draws. */
export const page = (results: Results): string => {
  const bars = [...results.servers.values()].map((samples) => median(throughput(samples)));
  const about = Object.entries(results.about).map(([what, value]) => `- ${what}: ${value}`);
  return `# Speed

Made by \`npm run bench\`, not by hand: \`GET /\` on 64 kept connections, the server on one core and the
load on another, rounds interleaved. Logs go to a file where no pipe is said.

\`\`\`mermaid
xychart-beta horizontal
  title "Requests per second on one core"
  x-axis [${[...results.servers.keys()].map((name) => `"${name}"`).join(', ')}]
  bar [${bars.map(Math.round).join(', ')}]
\`\`\`

${tables(results)}
## How and where

${about.join('\n')}
`;
};
