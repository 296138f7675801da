/** What each end offers by itself, in its first message. */
import { once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import nodeTls, { type ConnectionOptions } from 'node:tls';
import { HOST, only, pipe, serve } from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type ScenarioTable } from '../support/scenario';

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const RANDOM = 32;

/** What a stream begins with, at least its first record: a ClientHello or a ServerHello. */
async function firstRecord(stream: Duplex): Promise<Buffer> {
  let got = Buffer.alloc(0);
  const isWhole = (): boolean =>
    got.length >= RECORD_HEADER && got.length >= RECORD_HEADER + got.readUInt16BE(3);
  while (!isWhole()) {
    const [chunk] = (await once(stream, 'data')) as [Buffer];
    got = Buffer.concat([got, chunk]);
  }
  return got;
}

/** The types of the extensions of a ClientHello or ServerHello (RFC 8446 section 4.1), with their lengths. */
function extensionsOf(record: Buffer): string[] {
  const isClient = record[RECORD_HEADER] === 1;
  let at = RECORD_HEADER + MESSAGE_HEADER + 2 + RANDOM;
  at += 1 + record.readUInt8(at);
  if (isClient) {
    at += 2 + record.readUInt16BE(at);
    at += 1 + record.readUInt8(at);
  } else {
    at += 3;
  }
  const end = at + 2 + record.readUInt16BE(at);
  const found: string[] = [];
  for (at += 2; at < end; at += MESSAGE_HEADER + record.readUInt16BE(at + 2)) {
    found.push(`${record.readUInt16BE(at)}: ${record.readUInt16BE(at + 2)} bytes`);
  }
  return found;
}

/** A ClientHello of Node's. */
async function helloFrom(options: ConnectionOptions): Promise<Buffer> {
  const [near, far] = pipe();
  own(nodeTls.connect({ socket: near, ...options })).on('error', () => {});
  return firstRecord(far);
}

export const scenarios: ScenarioTable = {
  ...forVersions('extensions of the ClientHello', (version) => async (tls, log) => {
    const [near, far] = pipe();
    const client = own(
      tls.connect({ socket: near, servername: 'a.test', ALPNProtocols: ['a'], ...only(version) }),
    );
    client.on('error', () => {});
    log('client', 'extensions', extensionsOf(await firstRecord(far)));
  }),
  ...forVersions('extensions of the ServerHello', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version));
    const socket = own(net.connect(port, HOST));
    socket.write(await helloFrom(only(version)));
    log('server', 'extensions', extensionsOf(await firstRecord(socket)));
  }),
};
