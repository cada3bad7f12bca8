import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Case, nameOf, tryCaseBehindProxy } from './cases.ts';
import { send } from './client.ts';

const TIMEOUT_MS = 5_000;
const WAIT = '60'; // seconds: a new name's DNS and certificate, or the pull of an image, take a while
const PAUSE_MS = 500;

const usageOf = (
  healthCase: Case,
): string => `Usage: npm run smoke -- [--wait SECONDS] [--behind-proxy] URL...

Holds what is live at each URL, such as https://example.com, to the contract. First only
${nameOf(healthCase)} is tried, again and again, until it is right or SECONDS have passed (${WAIT}). Then each
case is tried once, but for those that are not for live services. An answer must be whole within
${TIMEOUT_MS / 1000} s. With --behind-proxy, a case that a proxy has refused, and may refuse, is no failure.`;

/** What a service owes: every case, and the one that shows whether it is up. */
export interface Contract {
  contract: readonly Case[];
  healthCase: Case;
}

/** What the command was told. */
interface Settings {
  urls: URL[];
  /** Seconds. */
  wait: number;
  isBehindProxy: boolean;
}

/** How the try of a case went. */
interface Outcome {
  /** A line for each thing that is wrong; none where the case holds. */
  faults: string[];
  /** Whether an answer came at all. */
  answered: boolean;
  /** Whether a proxy has refused the request, as it may. */
  isByProxy: boolean;
  /** From the start of the connection to the end of the answer. */
  duration: number;
}

const messageOf = (error: unknown): string => {
  // What Node throws where a name has several addresses: an error for each, and no message.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(', ');
  return error instanceof Error ? error.message : String(error);
};

const attempt = async (url: URL, expected: Case): Promise<Outcome> => {
  const started = performance.now();
  let faults: string[];
  let isByProxy = false;
  let answered = true;
  try {
    ({ faults, isByProxy } = await tryCaseBehindProxy(expected, (sent) =>
      send(url, sent, TIMEOUT_MS),
    ));
  } catch (error) {
    faults = [messageOf(error)];
    answered = false;
  }
  return { faults, answered, isByProxy, duration: performance.now() - started };
};

/** Tries the case of the health check until it is right or the time is over, and returns the last try. */
const waitForHealth = async (url: URL, healthCase: Case, wait: number): Promise<Outcome> => {
  const deadline = performance.now() + wait * 1000;
  for (let tries = 0; ; tries += 1) {
    const outcome = await attempt(url, healthCase);
    if (outcome.faults.length === 0 || performance.now() > deadline) return outcome;
    if (tries === 0)
      console.log(
        `waiting for ${nameOf(healthCase)}, up to ${wait} s: ${outcome.faults.join('; ')}`,
      );
    await sleep(PAUSE_MS);
  }
};

const report = (expected: Case, { faults }: Outcome): void => {
  console.log(`${faults.length === 0 ? 'ok    ' : 'not ok'}  ${nameOf(expected)}`);
  for (const fault of faults) console.log(`        ${fault}`);
};

/** Holds what is at the URL to the contract, and returns whether it holds. */
const smokeAt = async (
  url: URL,
  { contract, healthCase }: Contract,
  { wait, isBehindProxy }: Settings,
): Promise<boolean> => {
  console.log(url.origin); // without a password
  const health = await waitForHealth(url, healthCase, wait);
  if (!health.answered) {
    report(healthCase, health);
    console.log('nothing else was tried\n');
    return false;
  }
  const durations: number[] = [];
  let held = 0;
  let byProxy = 0;
  for (const expected of contract) {
    if (expected.live === false) {
      console.log(`skip    ${nameOf(expected)}`);
      continue;
    }
    const outcome = await attempt(url, expected);
    durations.push(outcome.duration);
    if (isBehindProxy && outcome.isByProxy) {
      console.log(`-       ${nameOf(expected)}: not by the service`);
      byProxy += 1;
      continue;
    }
    report(expected, outcome);
    if (outcome.faults.length === 0) held += 1;
  }
  durations.sort((a, b) => a - b);
  const milliseconds = (index: number) => `${durations.at(index)?.toFixed(1)} ms`;
  const skipped = contract.length - durations.length;
  if (skipped > 0) console.log(`${skipped} skipped, which are not for live services`);
  console.log(
    `${held} of ${durations.length} cases hold${byProxy > 0 ? `, ${byProxy} not by the service` : ''}; an answer took ` +
      `${milliseconds(durations.length >> 1)} (median), ${milliseconds(-1)} (slowest)\n`,
  );
  return held + byProxy === durations.length;
};

const readArguments = (args: string[]): Settings => {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      wait: { type: 'string', default: WAIT },
      'behind-proxy': { type: 'boolean', default: false },
    },
  });
  if (!/^\d+$/.test(values.wait)) throw new Error(`--wait ${values.wait}: must be whole seconds`);
  if (positionals.length === 0) throw new Error('No URL is given');
  const urls = positionals.map((text) => {
    const url = URL.parse(text);
    // The contract says what every path of an origin answers: below a prefix it can't hold.
    if (!url || !/^https?:$/.test(url.protocol) || url.pathname + url.search + url.hash !== '/')
      throw new Error(`${text}: must be an http or https URL without a path`);
    return url;
  });
  return { urls, wait: Number(values.wait), isBehindProxy: values['behind-proxy'] };
};

/**
 * Runs the smoke test as a program does: its report goes to stdout. Resolves with the exit code.
 * @param args the command line's: `[--wait SECONDS] [--behind-proxy] URL...`
 */
export const smoke = async (service: Contract, args: string[]): Promise<number> => {
  process.stdout.on('error', () => process.exit(1)); // its reader has gone, as head does
  let settings: Settings;
  try {
    settings = readArguments(args);
  } catch (error) {
    console.error(`${messageOf(error)}\n\n${usageOf(service.healthCase)}`);
    return 2;
  }
  let exitCode = 0;
  for (const url of settings.urls) if (!(await smokeAt(url, service, settings))) exitCode = 1;
  return exitCode;
};
