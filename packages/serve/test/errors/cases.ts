import type { apps } from './apps.ts';

/** What an app of apps.ts is owed for GET /fail, on every platform. */
export interface Owed {
  status: number;
  body: string;
  /** The header fields that middlewares have set: none where none ran, or where no `c` made the response. */
  headers: Record<string, string>;
  /** The record's `error`. A pattern stands for words of V8's, or for a long sentence. */
  error: string | RegExp;
  /** The messages of the ERROR lines. */
  told: readonly (string | RegExp)[];
  /** The message of the WARN line, if there is one: the app has responded with 500 or more, and no error was seen. */
  warned?: string;
}

/** The id that each request brings. */
export const requestId = 'the-request';

/** What a response that `c` made has of the middlewares. */
const keptHeaders = {
  'x-request-id': requestId,
  'access-control-allow-origin': '*',
  'set-cookie': 'visited=1',
};

const failure = (body: string, ...told: (string | RegExp)[]): Owed => ({
  status: 500,
  body,
  headers: keptHeaders,
  error: told[0] ?? '',
  told,
});

const own = failure('its own', 'a secret');
const inner = failure('the inner one', 'a secret');
const internal = '{"message":"Internal Server Error"}';
const standard = failure(internal, 'a secret');
const noResponse = 'a handler returned no Response';
const ofOnError = failure(internal, 'a secret', 'from onError');

/** The last resort, for what Hono hands to no `onError`. */
const lastResort = (told: string | RegExp): Owed => ({
  ...failure(internal, told),
  headers: {},
});

/** The app has made the response by itself, or in a way that is not watched. */
const unseen = (status: number, body: string): Owed => ({
  ...failure(body),
  status,
  warned: `the app responded with ${status}`,
});

/** What is owed to each app. */
export const cases: Record<keyof typeof apps, Owed> = {
  'its own onError': own,
  'its own async onError': own,
  'its own onError, and a single handler': { ...own, headers: {} },
  'its own onError, and a single async handler': { ...own, headers: {} },
  'its own onError, set after it is served': own,
  'no onError': standard,
  'no onError, and a single handler': { ...standard, headers: {} },
  'no onError, an HTTPException of 418': {
    ...failure('short and stout', 'short and stout'),
    status: 418,
    told: [],
  },
  'no onError, an HTTPException of 503': {
    ...failure('{"message":"Service Unavailable"}', 'overloaded'),
    status: 503,
  },
  'no onError, an HTTPException of 403 without a message': {
    ...failure('', 'Forbidden'),
    status: 403,
    told: [],
  },
  'no onError, an HTTPException of 502 without a message': {
    ...failure('{"message":"Bad Gateway"}', 'Bad Gateway'),
    status: 502,
  },
  'no onError, an HTTPException of 413 as of bodyLimit()': {
    ...failure('Payload Too Large', 'Payload Too Large'),
    status: 413,
    told: [],
  },
  'no onError, timeout()': {
    ...failure('{"message":"Gateway Timeout"}', 'Gateway Timeout'),
    status: 504,
  },
  'no onError, an HTTPException behind a middleware that uses c.header alone': {
    ...failure('gone', 'gone'),
    status: 410,
    headers: { 'x-request-id': requestId },
    told: [],
  },
  'no onError, an HTTPException with a response of its own': {
    ...failure('who?', 'who'),
    status: 401,
    told: [],
  },
  'no onError, an error whose getResponse throws': failure(
    internal,
    'a secret',
    'from getResponse',
  ),
  'an onError that throws': ofOnError,
  'an onError that rejects': ofOnError,
  'an onError that rethrows': standard,
  'an onError that returns no Response': failure(internal, 'a secret', noResponse),
  'an async onError that returns no Response': failure(internal, 'a secret', noResponse),
  'an onError that responds with less than 500': {
    ...failure('conflict', 'a secret'),
    status: 409,
    told: [],
  },
  'an onError that throws, in an app that was watched before': ofOnError,
  'a middleware that throws after next()': own,
  'a notFound that throws': own,
  'a middleware that replaces c.env': own,

  'a string thrown': lastResort('a thrown string'),
  'a string thrown behind middlewares': lastResort('a thrown string'),
  'undefined thrown': lastResort('undefined'),
  'undefined thrown behind middlewares': lastResort('undefined'),
  'a revoked proxy thrown': lastResort(/./),
  // What Hono asks of it throws an Error, which reaches onError.
  'a revoked proxy thrown behind middlewares': failure('its own', /./),
  'a string thrown without an onError': lastResort('a thrown string'),

  'a routed app without an onError': own,
  'a routed app with an onError': unseen(500, 'the inner one'),
  'a routed app with an onError, watched': inner,
  'a routed app with an onError, watched once it is routed': inner,
  'a routed app with an onError that rethrows, watched': own,
  'a routed app with an onError that throws another, watched': failure(
    'its own',
    'a secret',
    'another',
  ),
  'a mounted Hono': unseen(500, 'the inner one'),
  'a mounted Hono, watched': inner,
  'a mounted Hono without an onError, watched': standard,
  'a response of 503 without an error': unseen(503, 'busy'),
  'a response of 503 whose error the app has logged': {
    ...failure('busy', 'the database is away'),
    status: 503,
    error: '',
  },

  'a subclass of Hono': standard,
  'a subclass of Hono whose constructor needs an argument': standard,
  'a subclass of Hono with an onError': failure('of the class', 'a secret'),
  'hono/tiny': standard,
  'hono/tiny with an onError': own,
  'hono/quick': standard,
};
