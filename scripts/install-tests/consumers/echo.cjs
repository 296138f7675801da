// A program that has installed onion-tls: goes five layers deep over TCP, sends bytes to an echo
// at the innermost layer, compares what comes back, and writes one line about it.
const { once } = require('node:events');
const { randomBytes } = require('node:crypto');
const { readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { connect, createServer } = require('onion-tls');

const DEPTH = 5;
const read = (name) => readFileSync(join(__dirname, 'certs', name));

function receive(socket, length) {
  const chunks = [];
  let missing = length;
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      missing -= chunk.length;
      if (missing === 0) resolve(Buffer.concat(chunks));
    });
  });
}

async function main() {
  const identity = { isServer: true, key: read('localhost-key.pem'), cert: read('localhost.pem') };
  const trust = { ca: read('ca.pem'), servername: 'localhost' };
  const server = createServer({ layers: [] }, (socket) => {
    for (let index = 0; index < DEPTH; index++) socket.startTLS(identity);
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const socket = connect({ host: '127.0.0.1', port: server.address().port, layers: [] });
  for (let index = 0; index < DEPTH; index++) await socket.startTLS(trust);
  const sent = randomBytes(100_000);
  const received = receive(socket, sent.length);
  socket.write(sent);
  if (!sent.equals(await received)) throw new Error('the echo differs');
  const depth = socket.depth;
  socket.end();
  await once(socket, 'close');
  server.close();
  const { node, openssl } = process.versions;
  return `echo through ${depth} layers: Node ${node}, OpenSSL ${openssl}, ${process.platform}-${process.arch}`;
}

/** The file is for systems whose standard output cannot be caught. */
function finish(line, code) {
  console.log(line);
  const [, , file] = process.argv;
  if (file) writeFileSync(file, line);
  process.exitCode = code;
}

main().then(
  (line) => finish(line, 0),
  (error) => finish(String(error.stack), 1),
);
