import { CONNECTIONS, FIXED_RATE, type Figures } from './comparison.ts';
import type { Server } from './server-process.ts';
import { servers } from './servers.ts';
import { shapeServers, shapes } from './shapes.ts';
import { type SlowFigures, slowServers } from './slow-machine.ts';
import { best, bestRatio, format, median, ratios, withRange } from './statistics.ts';
import type { WorkerFigures, WorkerServer, Workers } from './workers.ts';

/** All that was measured: each server's figures, round by round. */
export interface Results {
  comparison: Map<Server, Figures[]>;
  /** Microseconds per unit in each pass, by the name of the shape. */
  shapes: Map<Server, Record<string, number[]>[]>;
  workers: Workers;
  workerFigures: Map<WorkerServer, WorkerFigures[]>;
  /** Undefined if this machine can't limit a server. */
  slow: Map<Server, SlowFigures[]> | undefined;
  /** When, where and how. */
  about: Record<string, string>;
}

const table = (head: string[], rows: string[][]): string =>
  [head, head.map((_, index) => (index === 0 ? '---' : '---:')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

/** A metric of one server, round by round. */
const column = <S, K extends string>(
  figures: Map<S, Record<K, number>[]>,
  server: S,
  metric: K,
): number[] => (figures.get(server) ?? []).map((round) => round[metric]);

/** Two cells: the ratio in each round, and that of the best rounds. */
const ratioCells = (dividends: number[], divisors: number[]): string[] => [
  withRange(ratios(dividends, divisors), 2),
  format(bestRatio(dividends, divisors), 2),
];

const comparisonTable = ({ comparison }: Results): string =>
  table(
    ['', 'µs per request', 'best', 'requests/s', 'p50 ms', 'p99 ms', 'peak MB', 'start ms'],
    [...comparison.keys()].map((server) => {
      const values = (metric: keyof Figures) => column(comparison, server, metric);
      return [
        server.name,
        withRange(values('time'), 1),
        format(best(values('time')), 1),
        withRange(values('requestsPerSecond'), 0),
        withRange(values('p50'), 2),
        withRange(values('p99'), 2),
        withRange(values('peakMemory'), 0),
        withRange(values('firstResponse'), 0),
      ];
    }),
  );

const { goFile, goPipe, productFile, productAgain, productPipe, nodeHttp } = servers;
const pairs: [name: string, product: Server, other: Server][] = [
  ['Go Echo, log in a file', productFile, goFile],
  ['Go Echo, log into a pipe', productPipe, goPipe],
  ['node:http, which logs nothing', productFile, nodeHttp],
  ['Hono on node-server, which logs nothing', productFile, servers.hono],
  ['Hono on node-server with logger()', productFile, servers.honoLogger],
  ['Hono on srvx with its log', productFile, servers.srvx],
  ['Fastify with its log', productFile, servers.fastify],
  ['Express with pino-http', productFile, servers.express],
  ['a second edge-ping', productFile, productAgain],
];

const pairTable = ({ comparison }: Results): string =>
  table(
    ['edge-ping beside', 'processor time', 'best / best', 'requests/s', 'peak memory', 'start'],
    pairs.map(([name, product, other]) => {
      const ratio = (metric: keyof Figures) =>
        ratios(column(comparison, product, metric), column(comparison, other, metric));
      return [
        name,
        ...ratioCells(column(comparison, product, 'time'), column(comparison, other, 'time')),
        withRange(ratio('requestsPerSecond'), 2),
        withRange(ratio('peakMemory'), 2),
        withRange(ratio('firstResponse'), 2),
      ];
    }),
  );

const shapeTable = (results: Results): string => {
  const { alone, logger, product, again } = shapeServers;
  return table(
    [
      'µs',
      'per',
      'node-server',
      '`logger()`',
      'edge-ping',
      'edge-ping / node-server',
      'best / best',
      'edge-ping / `logger()`',
      'best / best',
      'edge-ping / edge-ping',
    ],
    shapes.map(({ name, unit }) => {
      const times = (server: Server) =>
        (results.shapes.get(server) ?? []).flatMap((round) => round[name] ?? []);
      return [
        name,
        unit,
        ...[alone, logger, product].map((server) => format(best(times(server)), 1)),
        ...ratioCells(times(product), times(alone)),
        ...ratioCells(times(product), times(logger)),
        withRange(ratios(times(again), times(product)), 2),
      ];
    }),
  );
};

const workerTable = ({ workers, workerFigures }: Results): string =>
  table(
    [
      '',
      'best µs per request',
      'time / Hono',
      'best / best',
      'time / `logger()`',
      'best / best',
      'best start ms',
      'start / Hono',
      'kB gzip',
    ],
    Object.values(workers).map((worker) => {
      const times = (server: WorkerServer) => column(workerFigures, server, 'time');
      const starts = (server: WorkerServer) => column(workerFigures, server, 'startUp');
      return [
        worker.name,
        format(best(times(worker)), 1),
        ...ratioCells(times(worker), times(workers.alone)),
        ...ratioCells(times(worker), times(workers.logger)),
        format(best(starts(worker)), 1),
        withRange(ratios(starts(worker), starts(workers.alone)), 2),
        format(worker.gzipKilobytes, 1),
      ];
    }),
  );

const slowTable = (slow: Map<Server, SlowFigures[]>): string =>
  table(
    ['', 'requests/s', 'edge-ping / this', 'p99 ms', 'peak MB', 'lost'],
    [...slow.keys()].map((server) => {
      const lost = column(slow, server, 'lost').reduce((sum, count) => sum + count, 0);
      return [
        server.name,
        withRange(column(slow, server, 'requestsPerSecond'), 0),
        withRange(
          ratios(
            column(slow, slowServers.product, 'requestsPerSecond'),
            column(slow, server, 'requestsPerSecond'),
          ),
          2,
        ),
        withRange(column(slow, server, 'p99'), 1),
        withRange(column(slow, server, 'peakMemory'), 0),
        format(lost, 0),
      ];
    }),
  );

const tables = (results: Results): string => `## Servers

The same \`GET /\` of a short text on each server. Go Echo and edge-ping log a line with the same fields for each request;
the others have the logger that comes with them or is usual. A server without a log is no equal, but shows what a log and
the rest cost. Go and Echo are the versions that Debian has; newer ones may be faster. One Go process can use all cores,
where Node needs a process for each. Figures are the median of the rounds (min–max).

- **µs per request**: processor time, in microseconds, of all threads: what a request costs. *Best* is the lowest of the
  rounds: what disturbs the machine only makes it higher.
- **requests/s**: what one core serves at most, to ${CONNECTIONS} clients that each wait for their response.
- **p50**, **p99**: at ${format(FIXED_RATE, 0)} requests/s, half of the requests take at most p50, and 99 % at most p99, counted from the
  time that each was due. With a second a round, p99 is the noisiest of these figures.
- **peak MB**: the most memory that the process used, under the full load. Some 50 MB of Node's are the program itself.
  Much of the rest is V8's space for new objects, which it makes larger where there is memory to spare; how it does
  with little is [below](#a-slow-machine).
- **start ms**: from the start of the process to its first response.

${comparisonTable(results)}

The ratios are taken within each round, because what slows the machine slows both servers. 1.10 means that edge-ping
needs, or serves, 10 % more than the other. *Best / best* divides the lowest figure of one by the lowest of the other. The
last row is edge-ping beside itself: a ratio that is no further from 1 than the range of that row, in either direction, is
no difference.

${pairTable(results)}

## What the access log and the limits cost an app

One Hono app with a route for each common task. It is served by edge-ping with its access log in a file, by
@hono/node-server (on which edge-ping is built) without a log, and by @hono/node-server with Hono's \`logger()\`, which
writes two lines a request, in a file. The microseconds are processor time per request, megabyte, event or message, as
the second column says, in the best of all passes; the ratios are taken in each pass. A ratio below 1 means that edge-ping
costs less. The last column compares edge-ping with itself, which shows the noise. The three middlewares are
\`requestId\`, \`cors\` and \`secureHeaders\`. Event streams are measured on all servers at the same time.

${shapeTable(results)}

## Workers

The same \`GET /\` in miniflare, which runs workerd, Cloudflare's runtime. The app is served by edge-ping, by itself, and
with Hono's \`logger()\`.

- **best µs per request**: processor time of workerd in the best round. It is not what Cloudflare counts: workerd's own
  HTTP server is in it, and writing the log to a pipe.
- **best start ms**: processor time of workerd until the first response; most of it is workerd's own.
- **kB gzip**: what is uploaded.

${workerTable(results)}

## A slow machine

${
  results.slow
    ? `\`GET /\` on half a core and 128 MiB, as in a small container. The p99 is at ${format(FIXED_RATE, 0)} requests/s; *lost* counts the
requests that got no response, or an error status, in all rounds.

${slowTable(results.slow)}`
    : 'Not measured: it takes root and a writable /sys/fs/cgroup to limit a server to half a core and 128 MiB.'
}
`;

const summary = ({ comparison }: Results): string => {
  const times = (server: Server) => column(comparison, server, 'time');
  const share = (server: Server) =>
    `${format(100 * median(ratios(times(productFile), times(server))), 0)} %`;
  const more = best(times(productFile)) - best(times(servers.hono));
  return `In short: a request to edge-ping, with its log in a file, costs ${share(goFile)} of the processor time of one to Go
Echo, ${share(servers.honoLogger)} of one to Hono on node-server with \`logger()\`, ${share(servers.fastify)} of one to Fastify, and ${share(servers.express)} of one to Express.
Beside Hono without any log it costs ${format(more, 1)} µs more: with 1,000 requests a second, ${format(more / 10, 1)} % of a core.`;
};

/** The results as a page, with a chart that GitHub draws. */
export const page = (results: Results): string => {
  const charted = [...results.comparison.keys()]
    .filter((server) => server !== productAgain)
    .map((server) => ({ ...server, time: best(column(results.comparison, server, 'time')) }))
    .toSorted((a, b) => a.time - b.time);
  const about = Object.entries(results.about).map(([what, value]) => `- ${what}: ${value}`);
  return `# Speed

What a request costs on edge-ping, and on what you might choose instead. Written by \`npm run bench\`: the server has one
core, the load another. Every round starts all servers afresh and loads them in turn.

${summary(results)}

\`\`\`mermaid
xychart-beta horizontal
  title "Processor time per request, µs, best round"
  x-axis [${charted.map(({ name }) => `"${name}"`).join(', ')}]
  bar [${charted.map(({ time }) => time.toFixed(1)).join(', ')}]
\`\`\`

${tables(results)}
## How and where

${about.join('\n')}
`;
};
