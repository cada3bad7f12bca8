import { afterAll } from 'vitest';
import { killRunning } from './process.ts';

// Vitest's own way to end a file's process does not let it see its 'exit'.
afterAll(killRunning);
