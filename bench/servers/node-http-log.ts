import { createServer } from 'node:http';
import { lineWriter, toLine } from '../../adapters/node/log.ts';
import { unmapped } from '../../adapters/node/settings.ts';
import { accessRecord } from '../../src/access-log.ts';
import { answer } from './answer.ts';

const log = lineWriter(process.stdout, (lines) => console.error(`${lines} records lost`));

createServer((incoming, outgoing) => {
  const startedAt = performance.now();
  const peer = unmapped(incoming.socket.remoteAddress ?? '');
  const bytesOut = answer(incoming, outgoing);
  outgoing.on('close', () => {
    const { method = '', url = '', headers } = incoming;
    log.write(
      toLine(
        accessRecord({
          time: Date.now(),
          duration: performance.now() - startedAt,
          field: (name) => String(headers[name] ?? ''),
          platformId: '',
          remoteAddress: peer,
          host: headers.host ?? '',
          method,
          uri: url,
          status: outgoing.statusCode,
          error: '',
          bytesOut,
        }),
      ),
    );
  });
}).listen(process.env.PORT);

process.on('SIGTERM', async () => {
  await log.flush();
  process.exit();
});
