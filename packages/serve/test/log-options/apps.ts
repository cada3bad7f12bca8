import { Hono } from 'hono';
import { log } from '../../src/index.ts';
import type { LogOptions } from '../../src/log/options.ts';

// An app, and the ways to direct its logs. Each is owed what cases.ts says.

const failure = Object.assign(new Error('failed'), { isOurs: true });

/** An app with something for each log. */
export const makeApp = () => {
  const app = new Hono();
  app.get('/', (c) => c.text('Hello'));
  app.get('/health', (c) => c.text('OK'));
  app.get('/throw', () => {
    throw failure;
  });
  app.get('/log', (c) => {
    log(c).info('all is well', { count: 1 });
    log(c).error('could not save', failure);
    return c.text('logged');
  });
  return app;
};

/** What a program may do with its logs, by name. */
export const ways = {
  'no option': {},
  'accessLog: false': { accessLog: false },
  'accessLog that skips a path': {
    accessLog: (record, write) => record.uri === '/health' || write(),
  },
  'accessLog that adds to a record': {
    accessLog: (record, write) => write({ ...record, service: 'links' }),
  },
  'accessLog that writes something else, later': {
    async accessLog({ id, uri }, write) {
      await null;
      write({ id, path: uri });
    },
  },
  'accessLog that throws': {
    accessLog() {
      throw new Error('accessLog that throws');
    },
  },
  'accessLog that rejects': {
    accessLog: () => Promise.reject(new Error('accessLog that rejects')),
  },
  'accessLog that throws once it has written': {
    accessLog(_, write) {
      write();
      throw new Error('accessLog that throws once it has written');
    },
  },
  'errorLog that knows what was thrown': {
    errorLog: (record, write, thrown) => write({ ...record, isThrown: thrown === failure }),
  },
  'errorLog that writes nothing': { errorLog: () => {} },
  'errorLog that throws': {
    errorLog() {
      throw new Error('errorLog that throws');
    },
  },
  'errorLog that rejects': {
    errorLog: () => Promise.reject(new Error('errorLog that rejects')),
  },
  'errorLog that logs': {
    errorLog({ id }, write) {
      write();
      log().warn('seen', { id });
    },
  },
} satisfies Record<string, LogOptions>;

const circular: { self?: unknown } = {};
circular.self = circular;

/** The same, where the logs are lines of JSON. */
export const linesWays = {
  'errorLog that logs later': {
    async errorLog({ id }, write) {
      write();
      await null;
      log().warn('seen', { id });
    },
  },
  'accessLog that writes what JSON cannot hold': {
    accessLog(record, write) {
      const headers = new Headers({ Accept: '*/*' });
      write({ ...record, seen: new Set(['a']), headers, circular });
    },
  },
} satisfies Record<string, LogOptions>;
