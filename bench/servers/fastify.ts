import fastify from 'fastify';

const app = fastify({ logger: true });
app.get('/', (_, reply) => reply.type('text/html; charset=UTF-8').send('Hello, Docker! <3'));
app.get('/health', () => ({ Status: 'OK' }));

app.listen({ port: Number(process.env.PORT), host: '::' });
process.on('SIGTERM', () => process.exit()); // pino writes what it still holds on exit only
