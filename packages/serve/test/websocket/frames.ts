import { randomBytes } from 'node:crypto';
import { type RawConnection, rawConnection } from '../support/raw.ts';
import { handshake } from './cases.ts';

/** The bytes of a handshake, a character each. */
export const handshakeRequest = (path: string, version = 'HTTP/1.1'): string => {
  const fields = Object.entries({ Host: 'h', ...handshake });
  return `GET ${path} ${version}\r\n${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
};

/** The opcodes of RFC 6455 §11.8. */
export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

/** The bytes of a client's frame of up to 65,535 bytes, a character each. */
export const frame = (
  opcode: number,
  payload: string | Buffer = '',
  { isLast = true, isMasked = true, reserved = 0 } = {},
): string => {
  const data = Buffer.from(payload);
  const [short, long] =
    data.length < 126 ? [data.length, []] : [126, [data.length >> 8, data.length & 255]];
  const mask = isMasked ? randomBytes(4) : Buffer.alloc(0);
  const first = (isLast ? 0x80 : 0) | reserved | opcode;
  const masked = isMasked ? data.map((byte, index) => byte ^ (mask[index % 4] ?? 0)) : data;
  return Buffer.concat([
    Buffer.of(first, (isMasked ? 0x80 : 0) | short, ...long),
    mask,
    masked,
  ]).toString('latin1');
};

/** Opens a WebSocket that sends and answers nothing by itself. */
export const rawSocket = async (port: number, path: string): Promise<RawConnection> => {
  const connection = rawConnection(port);
  connection.write(handshakeRequest(path));
  const { status } = await connection.response();
  if (status !== 101) throw new Error(`the handshake has status ${status}`);
  return connection;
};
