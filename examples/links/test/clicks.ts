import { Agent, get } from 'node:http';

const CLIENTS = 20;

/** Follows a link again and again until nothing responds. */
const click = async (url: URL, agent: Agent, onFound: () => void): Promise<void> => {
  try {
    for (;;)
      await new Promise<void>((resolve, reject) => {
        get(url, { agent }, (response) => {
          if (response.statusCode === 302) onFound();
          response.on('error', reject).on('end', resolve).resume();
        }).on('error', reject);
      });
  } catch {
    // It has stopped.
  }
};

/** Clicks on a link from many connections, stops the service in the midst, and returns how often it was found. */
export const clickUntilStopped = async (
  base: string,
  slug: string,
  stop: () => Promise<unknown>,
): Promise<number> => {
  const agent = new Agent({ keepAlive: true });
  let found = 0;
  let stopped: Promise<unknown> | undefined;
  const onFound = () => {
    found += 1;
    if (found === 500) stopped = stop();
  };
  const url = new URL(slug, base);
  await Promise.all(Array.from({ length: CLIENTS }, () => click(url, agent, onFound)));
  await stopped;
  agent.destroy();
  return found;
};
