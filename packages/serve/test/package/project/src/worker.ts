import { worker } from '@edge-ping/serve/workers';
import { app } from './app.js';

export default {
  ...worker(app),
  scheduled({ cron }: { cron: string }) {
    console.log({ cron });
  },
};
