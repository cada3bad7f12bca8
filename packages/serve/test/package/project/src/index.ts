import { serve } from '@edge-ping/serve/node';
import { app } from './app.js';

serve(app);
