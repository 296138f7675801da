/** Connects to a server in the same process with nothing said about certificates: the environment decides. */
const { readFileSync } = require('node:fs');
const tls = require('node:tls');

const [key, cert] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const server = tls.createServer({ key, cert }, (socket) => socket.end());

function report(text) {
  console.log(text);
  server.close();
}

server.on('tlsClientError', () => undefined);
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const client = tls.connect({ port, host: '127.0.0.1', servername: 'localhost' });
  client.on('secureConnect', () => report(`authorized ${client.authorized}`));
  client.on('error', (error) => report(`refused ${error.code}`));
  client.resume();
});
