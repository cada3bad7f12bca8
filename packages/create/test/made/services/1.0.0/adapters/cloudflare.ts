import { worker } from '@edge-ping/serve/workers';
import { app } from '../src/app.ts';

/** The Worker: `main` of wrangler.toml. */
export default worker(app);
