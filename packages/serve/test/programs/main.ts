// Starts the program that PROGRAM names, served by what SERVED_BY names.

const { PROGRAM, SERVED_BY } = process.env;
const { start } = await import(`./${PROGRAM}.ts`);
await start(SERVED_BY);
