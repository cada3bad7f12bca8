import { serve } from '../../src/node/serve.ts';
import '../any-app/reading-routes.ts';
import { app } from '../fixture/app.ts';
import '../support/load-routes.ts';
import '../websocket/node-routes.ts';
import '../websocket/routes.ts';

// What is attacked: no larger than a small service, whose code takes little of the memory.
// What an attack holds up is cut soon.
serve(app, { name: 'fixture 1.0.0', deadline: 1_000 });
