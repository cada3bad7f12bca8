import express from 'express';
import { pinoHttp } from 'pino-http';

const app = express();
app.use(pinoHttp());
app.get('/', (_, response) => {
  response.type('html').send('Hello, Docker! <3');
});
app.get('/health', (_, response) => {
  response.json({ Status: 'OK' });
});

app.listen(process.env.PORT);
process.on('SIGTERM', () => process.exit()); // pino writes what it still holds on exit only
