import { serve } from '@edge-ping/serve/node';
import { chat } from './chat.js';

serve(chat);
