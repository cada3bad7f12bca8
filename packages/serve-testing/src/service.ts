import type { Contract } from './smoke.ts';

/** A service under test: what it owes its clients, and what it needs to start, on every target. */
export interface Service extends Contract {
  /** Imports the app. It is called when `env` is set. */
  app(): Promise<{ app: App }>;
  /** The settings and secrets that it needs: in the environment, or the variables of a Worker. */
  env?: Record<string, string>;
  /** `c.env` where there is no adapter: in process. */
  bindings?: object;
  /** What keeps its state, new for each target that is tested. */
  state?: {
    /** Says by variables of the environment where its state is: in an empty folder. */
    node?(folder: string): Record<string, string>;
    /** Makes its state in a folder, as `wrangler … --local --persist-to FOLDER` does. */
    workers?(folder: string): Promise<unknown>;
    /** Flags of `docker run`, such as `--tmpfs /data`. */
    container?: string[];
  };
  /** Declares tests beside those of the contract, for every target that listens at a URL. */
  tests?(url: () => string): void;
}

/** As much of a Hono app as a test in process needs. */
interface App {
  request(path: string, init: RequestInit, bindings?: object): Response | Promise<Response>;
}

// What a process needs of the shell that the tests run in; who starts it chooses the port.
const inherited =
  /^(port|path|home|te?mp(dir)?|lang|tz|ci|no_color|node_\w+|npm_\w+|system\w*|windir|comspec|pathext|(local)?appdata|userprofile)$/i;

/**
 * The environment of a service under test: what its test names, and nothing else that a developer may have set, such
 * as the URL of a database. It goes over the environment of the tests: what is `undefined` is not handed on.
 */
export const testEnvironment = (
  service: Service,
  more: Record<string, string> = {},
): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.keys(process.env).flatMap((name) => (inherited.test(name) ? [] : [[name, undefined]])),
  ),
  ...service.env,
  ...more,
});

/** The flags of `docker run` that keep a container from all that a server doesn't need. */
export const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'];

/** The flags of `docker run` for the image of a service: what it needs, and what keeps it from all else. */
export const containerFlags = ({ env = {}, state }: Service): string[] => [
  ...hardened,
  ...Object.entries(env).flatMap((variable) => ['--env', variable.join('=')]),
  ...(state?.container ?? []),
];
