'use strict';
// Worker threads that are terminated in the middle of handshakes, again and again.
const { Worker, isMainThread, parentPort } = require('node:worker_threads');
const { once } = require('node:events');
const { makeOptions, memoryPair, report } = require('./common.cjs');

/** Starts and stops layers for ever, and says so each time a handshake is under way. */
async function work() {
  const options = makeOptions();
  for (let round = 0; ; round++) {
    const [client, server] = memoryPair();
    for (let level = 1; level <= 5; level++) {
      const offloadHandshake = level % 2 === 0;
      const started = [
        client.startTLS(options.client),
        server.startTLS({ ...options.server, offloadHandshake }),
      ];
      parentPort.postMessage(round);
      await Promise.all(started);
      const heard = once(server, 'data');
      client.write('data');
      await heard;
    }
    client.destroy();
    server.destroy();
  }
}

function terminateOne(messages) {
  return new Promise((resolve, reject) => {
    const worker = new Worker(__filename);
    let seen = 0;
    worker.on('message', () => {
      if (++seen === messages) worker.terminate();
    });
    worker.on('error', reject);
    worker.on('exit', resolve);
  });
}

async function main() {
  const rounds = Number(process.argv[2]);
  for (let round = 0; round < rounds; round++) {
    await Promise.all([
      terminateOne(1 + round),
      terminateOne(2 + round),
      terminateOne(7 + 3 * round),
    ]);
  }
  report({ terminated: 3 * rounds });
}

if (isMainThread) {
  main().catch((error) => {
    console.error(error);
    process.exit(1);
  });
} else {
  work();
}
