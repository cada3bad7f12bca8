import { httpAttacks } from './attacks.ts';
import { attackTests } from './runner.ts';

attackTests(httpAttacks);
