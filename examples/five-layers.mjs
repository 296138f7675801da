// Five layers on one TCP connection, started without waiting for one another.
//   npx onion-tls certs certs && node examples/five-layers.mjs certs
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'onion-tls';

const [folder = 'certs'] = process.argv.slice(2);
const read = (name) => readFileSync(`${folder}/${name}`);
const identity = { isServer: true, key: read('localhost-key.pem'), cert: read('localhost.pem') };
const trust = { ca: read('ca.pem'), servername: 'localhost' };

// Both ends have to agree on the order, and on nothing else: each layer has options of its own.
const versions = ['TLSv1.3', 'TLSv1.2', 'TLSv1.3', 'TLSv1.2', 'TLSv1.3'];
const layersWith = (options) =>
  versions.map((version) => ({ ...options, minVersion: version, maxVersion: version }));

const server = createServer({ layers: [] }, (socket) => {
  for (const options of layersWith(identity)) socket.startTLS(options);
  socket.pipe(socket); // an echo, at the innermost layer
});
server.listen(0, 'localhost');
await once(server, 'listening');

const { port } = server.address();
const socket = connect({ port, host: 'localhost', layers: [] });
const layers = await Promise.all(layersWith(trust).map((options) => socket.startTLS(options)));
for (const layer of layers) {
  console.log(`layer ${layer.index}: ${layer.getProtocol()} ${layer.getCipher().name}`);
}

socket.write('hello from the middle of the onion');
const [echo] = await once(socket, 'data');
console.log(`echo: ${echo}`);

socket.end();
await once(socket, 'close');
server.close();
