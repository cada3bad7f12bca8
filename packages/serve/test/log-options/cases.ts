import type { linesWays, ways } from './apps.ts';

/** What the logs have of GET /, /health, /throw and /log, which were sent in turn. */
export interface Owed {
  records: object[];
  errors: object[];
  /** The WARN lines that say what the function has lost. */
  losses?: string[];
}

const records = [
  { uri: '/', status: 200 },
  { uri: '/health', status: 200 },
  { uri: '/throw', status: 500, error: 'failed' },
  { uri: '/log', status: 200 },
];

const thrown = { level: 'ERROR', method: 'GET', uri: '/throw', message: 'failed', isOurs: true };
const info = { level: 'INFO', message: 'all is well', count: 1 };
const error = {
  level: 'ERROR',
  message: 'could not save',
  error: { message: 'failed', isOurs: true },
};
const errors = [thrown, info, error];
const seen = { level: 'WARN', message: 'seen' };

/** What is owed to each way, on every platform. */
export const cases: Record<keyof typeof ways, Owed> = {
  'no option': { records, errors },
  'accessLog: false': { records: [], errors },
  'accessLog that skips a path': {
    records: records.filter(({ uri }) => uri !== '/health'),
    errors,
  },
  'accessLog that adds to a record': {
    records: records.map((record) => ({ ...record, service: 'links' })),
    errors,
  },
  'accessLog that writes something else, later': {
    records: records.map(({ uri }) => ({ path: uri })),
    errors,
  },
  'accessLog that throws': { records: [], errors, losses: Array(4).fill('1 lines lost') },
  'accessLog that rejects': { records: [], errors, losses: Array(4).fill('1 lines lost') },
  'accessLog that throws once it has written': {
    records,
    errors,
    losses: Array(4).fill('0 lines lost'),
  },
  'errorLog that knows what was thrown': {
    records,
    errors: [
      { ...thrown, isThrown: true },
      { ...info, isThrown: false },
      { ...error, isThrown: true },
    ],
  },
  'errorLog that writes nothing': { records, errors: [] },
  'errorLog that throws': { records, errors: [], losses: Array(3).fill('1 lines lost') },
  'errorLog that rejects': { records, errors: [], losses: Array(3).fill('1 lines lost') },
  'errorLog that logs': { records, errors: errors.flatMap((each) => [each, seen]) },
};

/** The same, where the logs are lines of JSON. */
export const linesCases: Record<keyof typeof linesWays, Owed> = {
  'errorLog that logs later': { records, errors: [thrown, seen, info, error, seen, seen] },
  'accessLog that writes what JSON cannot hold': {
    records: records.map(({ uri }) => ({
      uri,
      seen: ['a'],
      headers: { accept: '*/*' },
      circular: { self: '[circular]' },
    })),
    errors,
  },
};
