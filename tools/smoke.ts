// By its path: `npm run smoke` needs no `npm ci`, which links the package's name.
import { smoke } from '@edge-ping/serve-testing/smoke';
import * as service from '../test/contract.ts';

process.exitCode = await smoke(service, process.argv.slice(2));
