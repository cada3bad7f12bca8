import { lambda } from '@edge-ping/serve/lambda';
import { app } from './app.js';

export const handler = lambda(app);
