import { worker } from '@edge-ping/serve/workers';
import { chat } from './chat.js';

export default worker(chat);
