import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createRawServer, type Server } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { adapterHeaders, type Case, nameOf, requestOf } from '@edge-ping/serve-testing/cases';
import { run } from '@edge-ping/serve-testing/process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contract, healthCase } from './contract.ts';

const command = ['node', join(import.meta.dirname, 'smoke.ts')];
const tried = contract.filter(({ live }) => live !== false);
const size = tried.length;

/** A case that is not tried before the others are. */
const [laterCase] = tried;
if (!laterCase) throw new Error('the contract is empty');
const healthName = nameOf(healthCase);
const laterLine = `not ok  ${nameOf(laterCase)}`;
const isLater = ({ method, url }: IncomingMessage): boolean =>
  method === laterCase.method && url === laterCase.path;

/** A text that every regular expression of the contract matches. */
const example = 'r-1';
const textOf = (expected: unknown): string => {
  if (typeof expected === 'string') return expected;
  if (expected instanceof RegExp) return example;
  return JSON.stringify(expected, (_, inner) => (inner instanceof RegExp ? example : inner));
};
const fieldsOf = (headers: Case['headers']) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, textOf(value)]));

const smoke = async (...args: string[]) => {
  const { ended, stdout, stderr } = run([...command, ...args]);
  return { exitCode: await ended, stdout, stderr };
};

/** The lines of what went wrong. */
const wrong = (stdout: string[]): string[] =>
  stdout.filter((line) => /^(not ok| )/.test(line)).map((line) => line.trim());

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});

const listen = async (server: Server): Promise<string> => {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' && address?.port}`;
};
const serve = (listener: RequestListener) => listen(createServer(listener));

/** Answers by the contract, but for the cases that are given. */
const answer =
  (...instead: Case[]): RequestListener =>
  async (request, response) => {
    const body = await text(request);
    const found = [...instead, ...tried].find((each) => {
      const { method, path, headers = {}, requestBody = '' } = requestOf(each);
      return (
        method === request.method &&
        path === request.url &&
        requestBody === body &&
        headers.Authorization === request.headers.authorization &&
        headers['Content-Type'] === request.headers['content-type']
      );
    });
    response
      .writeHead(found?.status ?? 500, { ...adapterHeaders, ...fieldsOf(found?.headers ?? {}) })
      .end(textOf(found?.body ?? ''));
  };

const shown = (value: unknown): string =>
  value instanceof RegExp
    ? String(value)
    : JSON.stringify(value, (_, inner) => (inner instanceof RegExp ? String(inner) : inner));

const faults = tried.flatMap((right) => {
  const name = nameOf(right);
  const fault = (what: string, difference: string, change: Partial<Case>) => ({
    name: `${what} of ${name}`,
    wrong: { ...right, ...change },
    lines: [`not ok  ${name}`, difference],
  });
  const { body } = right;
  const changed = Array.isArray(body) ? [{ ...body[0], clicks: 2 }] : 'wrong';
  return [
    fault('status', `status: expected ${right.status}, received 503`, { status: 503 }),
    ...Object.entries({ ...right.headers, ...adapterHeaders }).map(([field, value]) =>
      fault(field, `${field}: expected ${shown(value)}, received "wrong"`, {
        headers: { ...right.headers, [field]: 'wrong' },
      }),
    ),
    fault('framework', 'x-powered-by: Hono: names the framework', {
      headers: { ...right.headers, 'x-powered-by': 'Hono' },
    }),
    ...(right.method === 'HEAD'
      ? []
      : [
          fault(
            'body',
            `body: expected ${shown(body)}, received ${JSON.stringify(JSON.parse(textOf([changed])).at(0))}`,
            { body: changed },
          ),
        ]),
  ];
});

describe('a server that is wrong in one thing', () => {
  let urls: string[];
  let result: Awaited<ReturnType<typeof smoke>>;
  beforeAll(async () => {
    urls = await Promise.all(faults.map((fault) => serve(answer(fault.wrong))));
    result = await smoke('--wait', '0', ...urls);
  });

  test('fails the run', () => {
    expect(result.exitCode).toBe(1);
  });

  test.each(faults.map((fault, index) => ({ ...fault, index })))(
    'is told apart: the $name',
    ({ lines, index }) => {
      const { stdout } = result;
      const start = stdout.indexOf(urls[index] ?? '');
      const block = stdout.slice(start, stdout.indexOf('', start));
      expect(wrong(block)).toEqual(lines);
      expect(block.at(-1)).toContain(`${size - 1} of ${size} cases hold`);
    },
  );
});

describe.concurrent('a server', () => {
  test('that answers nothing fails in five seconds', async () => {
    const url = await serve(() => {});
    const { exitCode, stdout } = await smoke('--wait', '0', url);
    expect(exitCode).toBe(1);
    expect(wrong(stdout)).toEqual([`not ok  ${healthName}`, 'no complete response within 5000 ms']);
  });

  test('that stalls in the middle of one answer fails that case', async () => {
    const right = answer();
    const url = await serve((request, response) => {
      if (isLater(request)) response.writeHead(200, { 'Content-Length': 9 }).write('half');
      else right(request, response);
    });
    const { exitCode, stdout } = await smoke(url);
    expect(exitCode).toBe(1);
    expect(wrong(stdout)).toEqual([laterLine, 'no complete response within 5000 ms']);
  });

  test('that resets the connection fails', async () => {
    const url = await serve(({ socket }) => socket.resetAndDestroy());
    const { exitCode, stdout } = await smoke('--wait', '0', url);
    expect(exitCode).toBe(1);
    expect(wrong(stdout)).toEqual([
      `not ok  ${healthName}`,
      expect.stringMatching(/ECONNRESET|hang up/),
    ]);
  });

  test('that resets the connection in the middle of one answer fails that case', async () => {
    const right = answer();
    const url = await serve((request, response) => {
      if (!isLater(request)) return right(request, response);
      response.writeHead(200, { 'Content-Length': 9 }).write('half', () => {
        request.socket.resetAndDestroy();
      });
    });
    const { exitCode, stdout } = await smoke(url);
    expect(exitCode).toBe(1);
    expect(wrong(stdout)).toEqual([laterLine, expect.stringMatching(/aborted|ECONNRESET/)]);
  });

  test('that is not there is waited for as long as is said, and fails', async () => {
    const server = createRawServer();
    const url = await listen(server);
    server.close();
    await once(server, 'close');
    const { exitCode, stdout } = await smoke('--wait', '3', url);
    const { host } = new URL(url);
    expect(exitCode).toBe(1);
    expect(stdout).toEqual([
      url,
      `waiting for ${healthName}, up to 3 s: connect ECONNREFUSED ${host}`,
      `not ok  ${healthName}`,
      `        connect ECONNREFUSED ${host}`,
      'nothing else was tried',
      '',
    ]);
  });

  test('that is not up yet is waited for', async () => {
    const down = answer({ ...healthCase, status: 503 });
    const right = answer();
    let requests = 0;
    const url = await serve((request, response) => {
      requests += 1;
      (requests > 2 ? right : down)(request, response);
    });
    const { exitCode, stdout } = await smoke(url);
    expect(exitCode).toBe(0);
    expect(stdout[1]).toBe(
      `waiting for ${healthName}, up to 60 s: status: expected ${healthCase.status}, received 503`,
    );
    expect(requests).toBe(2 + 1 + size);
  });

  test('that is wrong once, after it was up, fails', async () => {
    const wrongOnce = answer({ ...laterCase, status: 503 });
    const right = answer();
    let wrongAnswers = 0;
    const url = await serve((request, response) => {
      if (isLater(request) && wrongAnswers++ === 0) wrongOnce(request, response);
      else right(request, response);
    });
    const { exitCode, stdout } = await smoke(url);
    expect(exitCode).toBe(1);
    expect(wrong(stdout)).toEqual([
      laterLine,
      `status: expected ${laterCase.status}, received 503`,
    ]);
  });

  test('that redirects fails with where to', async () => {
    const url = await serve((request, response) => {
      response.writeHead(308, { Location: `https://example.com${request.url}` }).end();
    });
    const { exitCode, stdout } = await smoke('--wait', '0', url);
    expect(exitCode).toBe(1);
    expect(stdout).toContain(
      `        location: expected undefined, received "https://example.com${healthCase.path}"`,
    );
    expect(stdout.at(-2)).toMatch(`0 of ${size} cases hold`);
  });

  const marked = contract.filter(({ proxyMayRefuse }) => proxyMayRefuse);

  test('behind a proxy that refuses what it may is right when that is said', async () => {
    const url = await serve(answer(...marked.map((one) => ({ ...one, status: 400 }))));
    const { exitCode, stdout } = await smoke('--behind-proxy', url);
    expect(exitCode).toBe(0);
    expect(wrong(stdout)).toEqual([]);
    for (const { method, path } of marked)
      expect(stdout).toContain(`-       ${method} ${path}: not by the service`);
    expect(stdout.at(-2)).toContain(
      `${size - marked.length} of ${size} cases hold, ${marked.length} not by the service; `,
    );
    expect((await smoke(url)).exitCode).toBe(1);
  });

  test.each([
    ['another status than a refusal', marked, 500],
    ['a refusal of another request', [laterCase], 400],
  ])('behind a proxy fails with %s', async (_, cases, status) => {
    const url = await serve(answer(...cases.map((one) => ({ ...one, status }))));
    const { exitCode, stdout } = await smoke('--behind-proxy', url);
    expect(exitCode).toBe(1);
    expect(stdout.join('\n')).not.toContain('not by the service');
  });

  test('that answers HEAD with a body fails', async () => {
    const url = await listen(
      createRawServer((socket) => {
        socket
          .on('error', () => {})
          .end('HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nwrong');
      }),
    );
    const { exitCode, stdout } = await smoke('--wait', '0', url);
    expect(exitCode).toBe(1);
    const head = stdout.findIndex((line) => line.startsWith('not ok  HEAD /'));
    expect(stdout[head + 1]).toContain('Parse Error');
  });

  test('that fails does not keep the others from being tried', async () => {
    const urls = await Promise.all([
      serve(answer()),
      serve(answer({ ...laterCase, body: 'wrong' })),
      serve(answer()),
    ]);
    const { exitCode, stdout } = await smoke(...urls);
    expect(exitCode).toBe(1);
    expect(stdout.filter((line) => urls.includes(line) || / cases hold/.test(line))).toEqual([
      urls[0],
      expect.stringMatching(`^${size} of ${size} `),
      urls[1],
      expect.stringMatching(`^${size - 1} of ${size} `),
      urls[2],
      expect.stringMatching(`^${size} of ${size} `),
    ]);
  });
});

test('what is not for live services is not sent, and it says so', async () => {
  const methods: (string | undefined)[] = [];
  const right = answer();
  const url = await serve((request, response) => {
    methods.push(request.method);
    right(request, response);
  });
  const { exitCode, stdout } = await smoke(url);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('skip    DELETE /links');
  expect(stdout).toContain('1 skipped, which are not for live services');
  expect(methods).not.toContain('DELETE');
});

test('Ctrl-C ends it at once', async () => {
  const { child, ended } = run([...command, await serve(() => child.kill('SIGINT'))]);
  expect(await ended).toBe('SIGINT');
});

test('a reader that goes away ends it without a stack trace', async () => {
  const url = await serve(answer());
  const { ended, stdout, stderr } = run(['sh', '-c', `${command.join(' ')} ${url} | head -1`]);
  expect(await ended).toBe(0);
  expect(stdout).toEqual([url]);
  expect(stderr).toEqual([]);
});

test.concurrent.each([
  [[], 'No URL is given'],
  [['example.com'], 'example.com: must be an http or https URL without a path'],
  [['localhost:8080'], 'localhost:8080: must be an http or https URL without a path'],
  [['ftp://example.com'], 'ftp://example.com: must be an http or https URL without a path'],
  [['http://h/api'], 'http://h/api: must be an http or https URL without a path'],
  [['http://h/?a'], 'http://h/?a: must be an http or https URL without a path'],
  [['--wait', 'long', 'http://h'], '--wait long: must be whole seconds'],
  [['--retry', 'http://h'], expect.stringContaining("Unknown option '--retry'")],
])('the arguments %j are refused with the usage and exit code 2', async (args, message) => {
  const { exitCode, stdout, stderr } = await smoke(...args);
  expect(exitCode).toBe(2);
  expect(stdout).toEqual([]);
  expect(stderr[0]).toEqual(message);
  expect(stderr).toContain('Usage: npm run smoke -- [--wait SECONDS] [--behind-proxy] URL...');
});
