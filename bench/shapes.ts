import { mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { send } from '@edge-ping/serve-testing/client';
import { openEventStreams } from './events.ts';
import { processorTime } from './processor-time.ts';
import { GREETING, type Running, type Server, start } from './server-process.ts';
import { bundled, DIST } from './servers.ts';
import { echo } from './websockets.ts';
import { wrkWithoutLoss } from './wrk.ts';

const CLIENTS = 64;
const EVENT_CLIENTS = 1_000;
const MESSAGE = 'x'.repeat(100);

/** The servers of one app. */
export const shapeServers = {
  alone: { name: 'node-server', command: bundled('shapes/node-server') },
  logger: {
    name: 'node-server with logger()',
    command: ['env', 'LOGGER=1', ...bundled('shapes/node-server')],
    log: 'file',
  },
  product: { name: 'edge-ping', command: bundled('shapes/edge-ping'), log: 'file' },
  again: { name: 'edge-ping, again', command: bundled('shapes/edge-ping'), log: 'file' },
} satisfies Record<string, Server>;

interface Entry {
  server: Server;
  running: Running;
  /** How many requests it has served. */
  served: number;
}

/** How a shape is measured. */
export interface Passes {
  /** Seconds for which each server is loaded before, until its code is compiled. */
  warmUp: number;
  /** How often each server is then measured, for a second at a time. */
  passes: number;
}

/** Something that apps do, and what it takes of the processor. */
export interface Shape {
  name: string;
  unit: 'request' | 'MB' | 'event' | 'message';
  /** Measures the microseconds of processor time per unit, in each pass. */
  measure: (all: Entry[], plan: Passes) => Promise<Map<Server, number[]>>;
}

/** Loads each server in turn; `load` returns of how many units. */
const inTurn = async (
  all: Entry[],
  { warmUp, passes }: Passes,
  load: (entry: Entry, seconds: number) => Promise<number>,
): Promise<Map<Server, number[]>> => {
  for (const entry of all) await load(entry, warmUp);
  const times = new Map<Server, number[]>(all.map(({ server }) => [server, []]));
  for (let pass = 0; pass < passes; pass += 1)
    for (const entry of pass % 2 ? all.toReversed() : all) {
      const before = processorTime(entry.running.pid);
      const units = await load(entry, 1);
      times.get(entry.server)?.push((processorTime(entry.running.pid) - before) / units);
    }
  return times;
};

interface HttpExchange {
  path: string;
  /** Sent by POST. */
  requestBody?: string;
  responseBody: string;
  clients?: number;
}

const check = async ({ path, requestBody, responseBody }: HttpExchange, entry: Entry) => {
  const headers = { 'Content-Type': 'application/json' };
  const sent = requestBody ? { method: 'POST', path, requestBody, headers } : { path };
  const { status, body } = await send(entry.running.url, sent);
  if (status !== 200 || body !== responseBody)
    throw new Error(`${entry.server.name}: ${path}: status ${status}, ${body.length} characters`);
  entry.served += 1;
};

const http = (name: string, unit: 'request' | 'MB', exchange: HttpExchange): Shape => ({
  name,
  unit,
  async measure(all, plan) {
    const { path, requestBody, clients = CLIENTS } = exchange;
    for (const entry of all) await check(exchange, entry);
    return inTurn(all, plan, async (entry, seconds) => {
      const url = entry.running.url + path;
      const { requests, bytes } = await wrkWithoutLoss(url, clients, seconds, requestBody);
      entry.served += requests;
      return unit === 'MB' ? bytes / 1e6 : requests;
    });
  },
});

/** From all servers at the same time: an event a second leaves them idle most of it. */
const measureEvents: Shape['measure'] = async (all, { warmUp, passes }) => {
  const times = new Map<Server, number[]>();
  const measure = async ({ server, running }: Entry) => {
    const streams = await openEventStreams(running.port, '/events', EVENT_CLIENTS);
    await streams.receive(warmUp);
    const values: number[] = [];
    for (let pass = 0; pass < passes; pass += 1) {
      const before = processorTime(running.pid);
      const events = await streams.receive(2);
      values.push((processorTime(running.pid) - before) / events);
      if (events < EVENT_CLIENTS) throw new Error(`${server.name}: ${events} events in 2 s`);
    }
    times.set(server, values);
    streams.close();
  };
  for (const entry of all) entry.served += EVENT_CLIENTS;
  await Promise.all(all.map(measure));
  await setTimeout(200); // until the servers have seen that the clients left
  return times;
};

const measureEcho: Shape['measure'] = (all, plan) =>
  inTurn(all, plan, (entry, seconds) => {
    entry.served += CLIENTS;
    return echo(entry.running.port, { path: '/echo', text: MESSAGE, clients: CLIENTS, seconds });
  });

const items = Array(20).fill({ id: 12345, name: 'something to be ordered' });
const json = JSON.stringify({ items });
const files = {
  '100-kB.txt': 'x'.repeat(100_000),
  '10-MB.txt': 'x'.repeat(10_000_000),
};

/** The shapes, in the order of the table; bench/servers/shapes/routes.ts has a route for each. */
export const shapes: Shape[] = [
  http('`GET` of a short text', 'request', { path: '/', responseBody: GREETING }),
  http('the same by an async handler behind three middlewares', 'request', {
    path: '/middlewares',
    responseBody: GREETING,
  }),
  http('`POST` of 1 kB of JSON, read and sent back', 'request', {
    path: '/json',
    requestBody: json,
    responseBody: json,
  }),
  http('a file of 100 kB by `serveStatic`', 'request', {
    path: '/static/100-kB.txt',
    responseBody: files['100-kB.txt'],
  }),
  http('a stream of 100 chunks of 100 bytes', 'request', {
    path: '/stream',
    responseBody: 'x'.repeat(10_000),
  }),
  http('a download of 10 MB', 'MB', {
    path: '/static/10-MB.txt',
    responseBody: files['10-MB.txt'],
    clients: 4,
  }),
  { name: '1,000 clients that get an event a second (SSE)', unit: 'event', measure: measureEvents },
  { name: 'a WebSocket that echoes 100 bytes', unit: 'message', measure: measureEcho },
];

/** Writes the files that the servers serve. */
export const writeFiles = (): void => {
  mkdirSync(`${DIST}/static`, { recursive: true });
  for (const [name, content] of Object.entries(files))
    writeFileSync(`${DIST}/static/${name}`, content);
};

/**
 * Starts all servers afresh on one core, measures one shape after the other, the servers in turn,
 * and stops them.
 * @returns microseconds per unit in each pass, by the name of the shape
 */
export const measureShapes = async (
  servers: Server[],
  core: string,
  plan: Passes,
): Promise<Map<Server, Record<string, number[]>>> => {
  const all: Entry[] = [];
  for (const [index, server] of servers.entries())
    all.push({ server, running: await start(server, core, `${DIST}/${index}.log`), served: 1 });

  const figures = new Map<Server, Record<string, number[]>>(servers.map((server) => [server, {}]));
  for (const { name, measure } of shapes)
    for (const [server, times] of await measure(all, plan))
      Object.assign(figures.get(server) ?? {}, { [name]: times });
  for (const { running, served } of all) await running.stop(served);
  return figures;
};
