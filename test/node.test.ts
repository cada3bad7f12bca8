import { nodeTests } from '@edge-ping/serve-testing/targets';
import { service } from './service.ts';

nodeTests(service);
