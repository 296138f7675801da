// Plain TCP first, TLS after "STARTTLS". Run starttls-server.mjs before it.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'onion-tls';

const [folder = 'certs', port = '2525'] = process.argv.slice(2);
const socket = connect({ host: 'localhost', port: Number(port), layers: [] });

async function readLine() {
  for (let line = ''; ; ) {
    const byte = socket.read(1); // one line and not a byte more: what follows may be TLS
    if (byte === null) await once(socket, 'readable');
    else line += byte;
    if (line.endsWith('\r\n')) return line.trimEnd();
  }
}

console.log(await readLine()); // 220 ready
socket.write('STARTTLS\r\n');
console.log(await readLine()); // 220 go ahead
const ca = readFileSync(`${folder}/ca.pem`);
const layer = await socket.startTLS({ servername: 'localhost', ca });
console.log(`layer ${layer.index}: ${layer.getProtocol()}, authorized: ${layer.authorized}`);
socket.write('QUIT\r\n');
console.log(await readLine()); // 221 bye
socket.end();
