import { workersTests } from '@edge-ping/serve-testing/targets';
import { service } from './service.ts';

workersTests(service);
