import express from 'express';
import { pinoHttp } from 'pino-http';

const greeting = process.env.GREETING ?? '';

const app = express();
app.use(pinoHttp());
app.get('/', (_, response) => {
  response.type('html').send(greeting);
});
app.get('/health', (_, response) => {
  response.json({ Status: 'OK' });
});

app.listen(process.env.PORT);
process.on('SIGTERM', () => process.exit()); // pino flushes its buffer on exit
