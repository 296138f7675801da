// TLS without a socket: bytes in, bytes out. For TLS inside packets of another protocol, or tests.
//   npx onion-tls certs certs && node examples/sans-io.mjs certs
import { readFileSync } from 'node:fs';
import { TLSEngine } from 'onion-tls';

const [folder = 'certs'] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);
const nothing = Buffer.alloc(0);

const client = new TLSEngine({ ca: read('ca.pem'), servername: 'localhost' });
const server = new TLSEngine({
  isServer: true,
  key: read('localhost-key.pem'),
  cert: read('localhost.pem'),
});

// The one rule: what an engine returns as `wire` goes to its peer, also when there is an error.
let flights = 0;
let [from, to] = [client, server];
let wire = client.receive(nothing).wire;
while (wire !== null) {
  flights += 1;
  const output = to.receive(wire);
  if (output.error) throw output.error;
  wire = output.wire;
  [from, to] = [to, from];
}
console.log(`client ${client.state}, server ${server.state} after ${flights} flights`);

const sealed = client.send(Buffer.from('attack at dawn')).wire;
console.log(`${sealed.length} bytes on the wire`);
console.log(`server reads: ${server.receive(sealed).plaintext}`);

// What follows close_notify belongs to whatever is below TLS, and is not lost.
const closing = client.close().wire;
const { peerClosed } = server.receive(Buffer.concat([closing, Buffer.from('plain again')]));
console.log(`peer closed: ${peerClosed}, trailing bytes: ${server.trailing}`);
