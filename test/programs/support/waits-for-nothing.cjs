/** Handshakes that nobody answers, over streams that do not keep a process alive: it ends, and says so. */
const { Duplex } = require('node:stream');
const tls = require('node:tls');

/** Takes everything and says nothing. */
class Silence extends Duplex {
  _read() {}
  _write(_chunk, _encoding, done) {
    done();
  }
}

new tls.TLSSocket(new Silence(), { isServer: true });
tls.connect({ socket: new Silence() });
process.on('exit', () => console.log('nothing left to wait for'));
