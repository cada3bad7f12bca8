import fastify from 'fastify';

const greeting = process.env.GREETING ?? '';

const app = fastify({ logger: true });
app.get('/', (_, reply) => reply.type('text/html; charset=UTF-8').send(greeting));
app.get('/health', () => ({ Status: 'OK' }));

app.listen({ port: Number(process.env.PORT), host: '::' });
process.on('SIGTERM', () => process.exit()); // pino flushes its buffer on exit
