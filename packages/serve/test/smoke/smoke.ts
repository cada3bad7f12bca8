import { smoke } from '../../src/testing/smoke.ts';
import * as service from './contract.ts';

process.exitCode = await smoke(service, process.argv.slice(2));
