'use strict';
// What the stress tests share. They run the compiled package in processes of their own, so that a crash is seen as one.
const { join } = require('node:path');
const { duplexPair } = require('node:stream');

const root = join(__dirname, '..', '..', '..');
const onion = require(root);
const { createAuthority } = require(join(root, 'dist', 'cli', 'certificates.js'));
const { native } = require(join(root, 'dist', 'load-addon.js'));

/** Options of both sides, with contexts that are made once. */
function makeOptions() {
  const authority = createAuthority();
  const { key, cert } = authority.issue({ name: 'stress.test' });
  return {
    client: {
      servername: 'stress.test',
      secureContext: onion.createSecureContext({ ca: authority.cert }),
    },
    server: { isServer: true, secureContext: onion.createSecureContext({ key, cert }) },
    identity: { key, cert, ca: authority.cert },
  };
}

function memoryPair() {
  const [a, b] = duplexPair();
  const sockets = [new onion.OnionSocket(a), new onion.OnionSocket(b)];
  for (const socket of sockets) socket.on('error', () => {});
  return sockets;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Collects garbage until the native objects that should be gone are, or it has no effect any more. */
async function collect(isDone) {
  for (let round = 0; round < 50 && !isDone(native.liveObjects()); round++) {
    global.gc();
    await turn();
  }
  return native.liveObjects();
}

function report(result) {
  process.stdout.write(`${JSON.stringify(result)}\n`);
}

module.exports = { onion, native, makeOptions, memoryPair, turn, collect, report };
