// TLS for the secret part, plaintext after it, on the same connection (FTP calls this CCC).
//   npx onion-tls certs certs && node examples/stop-and-go-on.mjs certs
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'onion-tls';
import { readLine } from './lines.mjs';

const [folder = 'certs'] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);

async function serve(socket) {
  const key = read('localhost-key.pem');
  const cert = read('localhost.pem');
  // Without allowPeerStop the stream would end when the client stops the layer.
  await socket.startTLS({ isServer: true, key, cert, allowPeerStop: true });
  socket.on('layerClose', (layer, reason) => {
    console.log(`server: layer ${layer.index} closed (${reason})`);
  });
  for (let line = await readLine(socket); line !== null; line = await readLine(socket)) {
    console.log(`server: "${line}" at depth ${socket.depth}`);
    socket.write(`got it at depth ${socket.depth}\r\n`);
  }
  socket.end();
}

const server = createServer({ layers: [] }, serve);
server.listen(0, 'localhost');
await once(server, 'listening');

const socket = connect({ port: server.address().port, host: 'localhost', layers: [] });
await socket.startTLS({ ca: read('ca.pem'), servername: 'localhost' });
socket.write('the password\r\n');
console.log(`client: ${await readLine(socket)}`);

const { reason } = await socket.stopTLS();
console.log(`client: stopped (${reason}), depth ${socket.depth}`);
socket.write('the weather\r\n');
console.log(`client: ${await readLine(socket)}`);

socket.end();
socket.resume();
await once(socket, 'close');
server.close();
