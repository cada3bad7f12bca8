import { smoke } from '@edge-ping/serve-testing/smoke';
import * as service from './contract.ts';

process.exitCode = await smoke(service, process.argv.slice(2));
