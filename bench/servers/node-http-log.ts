import { createServer } from 'node:http';
import { lineWriter, toLine } from '../../adapters/node/log.ts';
import { clientAddress } from '../../adapters/node/settings.ts';
import { accessRecord } from '../../src/access-log.ts';
import { answer } from './answer.ts';

const log = lineWriter(process.stdout, (lines) => console.error(`${lines} records lost`));

createServer((incoming, outgoing) => {
  const startedAt = performance.now();
  const peer = incoming.socket.remoteAddress ?? '';
  const bytesOut = answer(incoming, outgoing);
  outgoing.on('close', () => {
    const { method = '', url = '', headers } = incoming;
    log.write(
      toLine(
        accessRecord({
          time: Date.now(),
          id: String(headers['x-request-id'] ?? ''),
          remoteAddress: clientAddress(peer, '', 0),
          host: headers.host ?? '',
          method,
          uri: url,
          userAgent: headers['user-agent'] ?? '',
          status: outgoing.statusCode,
          error: '',
          duration: performance.now() - startedAt,
          contentLength: headers['content-length'],
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
