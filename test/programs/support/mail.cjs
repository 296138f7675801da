/** Sends a mail with STARTTLS to a server in the same process, and says how it went. */
const assert = require('node:assert');
const { readFileSync } = require('node:fs');
const tls = require('node:tls');
const nodemailer = require('nodemailer');
const { SMTPServer } = require('smtp-server');

const [ca, key, cert] = process.argv.slice(2).map((file) => readFileSync(file, 'utf8'));
const { OnionSocket } = require('../../../dist/index.js');

assert(tls.TLSSocket.prototype instanceof OnionSocket, 'tls is not the drop-in');

const received = [];
const server = new SMTPServer({
  key,
  cert,
  authOptional: true,
  onData(stream, session, done) {
    const chunks = [];
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('end', () => {
      received.push({ secure: session.secure, text: Buffer.concat(chunks).toString() });
      done();
    });
  },
});

server.listen(0, '127.0.0.1', async () => {
  const transport = nodemailer.createTransport({
    host: '127.0.0.1',
    port: server.server.address().port,
    secure: false,
    requireTLS: true,
    tls: { ca, servername: 'localhost' },
  });
  await transport.sendMail({
    from: 'a@example.test',
    to: 'b@example.test',
    subject: 'layers',
    text: 'line\n'.repeat(20_000),
  });
  transport.close();
  server.close(() => {
    const [mail] = received;
    console.log(
      `received ${received.length}, secure ${mail.secure}, ${mail.text.length > 100_000}`,
    );
  });
});
