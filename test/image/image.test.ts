import { imageTests } from '@edge-ping/serve-testing/image';
import { service } from '../service.ts';

imageTests(service);
