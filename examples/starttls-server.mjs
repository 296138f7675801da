// A server in the style of SMTP: plain TCP, and TLS when the client asks for it.
//   npx onion-tls certs certs && node examples/starttls-server.mjs certs 2525
import { readFileSync } from 'node:fs';
import { createServer } from 'onion-tls';
import { readLine } from './lines.mjs';

const [folder = 'certs', port = '2525'] = process.argv.slice(2);
const key = readFileSync(`${folder}/localhost-key.pem`);
const cert = readFileSync(`${folder}/localhost.pem`);

async function serve(socket) {
  socket.write('220 ready\r\n');
  for (;;) {
    const command = await readLine(socket);
    if (command === null) return socket.end();
    if (command === 'STARTTLS') {
      socket.write('220 go ahead\r\n'); // goes out below the layer: it was written before it
      // A client that keeps to the protocol has sent nothing since: what is there was injected.
      await socket.startTLS({ isServer: true, key, cert, unread: 'reject' });
    } else if (command === 'QUIT') {
      return socket.end(`221 bye at depth ${socket.depth}\r\n`);
    } else {
      socket.write('500 unknown command\r\n');
    }
  }
}

const server = createServer({ layers: [] }, (socket) => {
  socket.on('error', (error) => console.error(`${error.code}: ${error.message}`));
  serve(socket).catch(() => socket.destroy());
});
server.listen(Number(port), 'localhost', () => {
  console.log(`listening ${server.address().port}`);
});
