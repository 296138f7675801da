/**
 * TLS inside the packets of another protocol, as TDS (Microsoft SQL Server) has it: handshake messages travel in PRELOGIN
 * packets, records after that on the bare connection. One end is a `TLSEngine`, the other is `node:tls`.
 */
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import * as nodeTls from 'node:tls';
import { type EngineOutput, TLSEngine } from '../../src';
import { ca, cert, key } from './support/site';

const PRELOGIN = 0x12;
const HEADER_BYTES = 8;
const PACKET_BYTES = 4096;

/** Bytes as packets: type, status, length, three fields that do not matter here. */
function toPackets(bytes: Buffer): Buffer {
  const packets: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += PACKET_BYTES - HEADER_BYTES) {
    const body = bytes.subarray(at, at + PACKET_BYTES - HEADER_BYTES);
    const header = Buffer.from([PRELOGIN, 1, 0, 0, 0, 0, 0, 0]);
    header.writeUInt16BE(HEADER_BYTES + body.length, 2);
    packets.push(header, body);
  }
  return Buffer.concat(packets);
}

function fromPackets(wire: Buffer): Buffer {
  const bodies: Buffer[] = [];
  for (let at = 0; at < wire.length; at += wire.readUInt16BE(at + 2)) {
    expect(wire[at]).toBe(PRELOGIN);
    bodies.push(wire.subarray(at + HEADER_BYTES, at + wire.readUInt16BE(at + 2)));
  }
  return Buffer.concat(bodies);
}

/** The server's side of the connection: packets until the handshake is done. */
class PacketStream extends Duplex {
  inPackets = true;
  toClient: (wire: Buffer) => void = () => undefined;

  fromClient(wire: Buffer): void {
    this.push(this.inPackets ? fromPackets(wire) : wire);
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.toClient(this.inPackets ? toPackets(chunk) : chunk);
    done();
  }
}

test('a TLSEngine does its handshake in packets and goes on without them', async () => {
  const stream = new PacketStream();
  // TDS before version 8 is a TLS 1.2 protocol: its handshake ends before data flows.
  const server = new nodeTls.TLSSocket(stream, {
    isServer: true,
    key,
    cert,
    maxVersion: 'TLSv1.2',
  });
  server.on('data', (chunk: Buffer) => server.write(`re: ${chunk}`));
  const engine = new TLSEngine({ ca, servername: 'localhost', maxVersion: 'TLSv1.2' });
  const received: Buffer[] = [];
  let established = false;
  const carry = (output: EngineOutput): void => {
    if (output.error !== undefined) throw output.error;
    if (output.plaintext !== null) received.push(output.plaintext);
    if (output.wire !== null) {
      const wire = output.wire;
      stream.fromClient(established ? wire : toPackets(wire));
    }
    established ||= output.established;
  };
  stream.toClient = (wire) => carry(engine.receive(established ? wire : fromPackets(wire)));
  carry(engine.receive(Buffer.alloc(0)));
  await once(server, 'secure');
  while (!established) await new Promise((resolve) => setImmediate(resolve));
  stream.inPackets = false;
  carry(engine.send(Buffer.from('SELECT 1')));
  while (received.length === 0) await new Promise((resolve) => setImmediate(resolve));
  expect(Buffer.concat(received).toString()).toBe('re: SELECT 1');
  carry(engine.close());
  server.destroy();
});
