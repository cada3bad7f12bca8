import { assets, serve } from '@edge-ping/serve/node';
import manifest from '../package.json' with { type: 'json' };
import { app } from '../src/app.ts';
import { removeExpired } from '../src/links.ts';
import { openDatabase } from './sqlite.ts';

const HOUR_MS = 3_600_000;

const { DB, close } = openDatabase(process.env.DATABASE || 'links.db');
// What the cron job does on Workers.
const cleaning = setInterval(() => removeExpired(DB).catch(console.error), HOUR_MS);

serve(app, {
  name: `${manifest.name} ${manifest.version}`,
  bindings: { ASSETS: assets('public'), DB },
  onShutdown() {
    clearInterval(cleaning);
    close();
  },
});
