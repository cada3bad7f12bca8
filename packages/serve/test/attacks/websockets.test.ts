import { socketAttacks } from './attacks.ts';
import { attackTests } from './runner.ts';

// In a file of its own, so that it runs beside the others: most of the time they wait.
attackTests(socketAttacks);
