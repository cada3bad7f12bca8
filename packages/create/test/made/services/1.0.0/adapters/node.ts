import { serve } from '@edge-ping/serve/node';
import manifest from '../package.json' with { type: 'json' };
import { app } from '../src/app.ts';

serve(app, { name: `${manifest.name} ${manifest.version}` });
