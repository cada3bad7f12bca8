import { attacks } from './attacks.ts';

// Runs an attack in a process of its own, so that it does not keep those waiting who watch it.
const [name, port] = process.argv.slice(2);
const attack = attacks.find((attack) => attack.name === name);
if (!attack) throw new Error(`no such attack: ${name}`);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());
attack.begin(Number(port), ending.signal);
