import { lambdaTests } from '@edge-ping/serve-testing/targets';
import { service } from './service.ts';

lambdaTests(service);
