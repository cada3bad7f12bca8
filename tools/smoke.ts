// By its path: `npm run smoke` needs no `npm ci`, which links the package's name.
import { smoke } from '../packages/serve/src/testing/smoke.ts';
import * as service from '../test/contract.ts';

process.exitCode = await smoke(service, process.argv.slice(2));
