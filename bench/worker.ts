import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { freePort } from '../test/support/process.ts';
import { bundleWorker } from '../test/support/worker.ts';
import { startPinned } from './measure.ts';
import { DIST } from './servers.ts';

/** A Worker under test. */
export interface Worker {
  name: string;
  /** Bytes of the main module that wrangler uploads. */
  size: number;
  gzipSize: number;
  /** Milliseconds from the start of workerd to the Worker's first answer. */
  firstAnswer(): Promise<number>;
}

/**
 * Bundles a Worker as it is deployed. How long it takes to start is told by workerd itself, since
 * `wrangler check startup` takes some five samples: 2 to 137 ms for the same bundle.
 * @param main its main module, if it is not wrangler.toml's
 */
export const buildWorker = async (name: string, main?: string): Promise<Worker> => {
  const { script, compatibilityDate } = await bundleWorker(main);
  const file = name.replaceAll(' ', '-');
  writeFileSync(`${DIST}/${file}.js`, script);
  const askPath = ['-p', 'require("workerd").default'];
  const workerd = execFileSync('node', askPath, { encoding: 'utf8' }).trim();

  const firstAnswer = async () => {
    const port = await freePort();
    const config = `${DIST}/${file}.capnp`;
    writeFileSync(
      config,
      `using Workerd = import "/workerd/workerd.capnp";
       const config :Workerd.Config = (
         services = [(name = "main", worker = (
           modules = [(name = "worker.js", esModule = embed "${file}.js")],
           compatibilityDate = "${compatibilityDate}",
         ))],
         sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
       );`,
    );
    const server = await startPinned([workerd, 'serve', config], port);
    await server.stop();
    return server.firstAnswer;
  };
  return { name, size: Buffer.byteLength(script), gzipSize: gzipSync(script).length, firstAnswer };
};
