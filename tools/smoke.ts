// By its path: `npm run smoke` needs no `npm ci`, which links the package's name.
import { smoke } from '../packages/serve-testing/src/smoke.ts';
import * as service from '../test/contract.ts';

process.exitCode = await smoke(service, process.argv.slice(2));
