import { appTests } from '@edge-ping/serve-testing/targets';
import { service } from './service.ts';

appTests(service);
