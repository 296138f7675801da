'use strict';
// Connections and engines that are dropped in every phase: the garbage collector has to find all of them.
const { onion, native, makeOptions, memoryPair, turn, collect, report } = require('./common.cjs');

const COUNT = 100;

async function established(options, depth) {
  const [client, server] = memoryPair();
  for (let level = 1; level <= depth; level++) {
    await Promise.all([client.startTLS(options.client), server.startTLS(options.server)]);
  }
  return [client, server];
}

const PHASES = {
  async 'engines in mid-handshake'(options) {
    const client = new onion.TLSEngine(options.client);
    const server = new onion.TLSEngine(options.server);
    server.receive(client.receive(Buffer.alloc(0)).wire);
  },
  async 'sockets with three layers'(options) {
    await established(options, 3);
  },
  async 'sockets with unread data'(options) {
    const [client, server] = await established(options, 2);
    server.pause();
    client.write(Buffer.alloc(100_000));
    await turn();
  },
  async 'sockets that were destroyed in mid-handshake'(options) {
    const [client, server] = memoryPair();
    client.startTLS(options.client);
    server.startTLS(options.server);
    await turn();
    client.destroy();
    server.destroy();
  },
  async 'sockets that were destroyed while they stopped a layer'(options) {
    const [client, server] = await established(options, 2);
    client.stopTLS();
    await turn();
    client.destroy();
    server.destroy();
  },
  async 'contexts made inline'({ identity }) {
    const { key, cert, ca } = identity;
    const [client, server] = memoryPair();
    await Promise.all([
      client.startTLS({ servername: 'stress.test', ca }),
      server.startTLS({ isServer: true, key, cert }),
    ]);
    client.destroy();
    server.destroy();
  },
};

async function main() {
  const options = makeOptions();
  const result = {};
  const before = native.liveObjects();
  for (const [name, phase] of Object.entries(PHASES)) {
    for (let count = 0; count < COUNT; count++) {
      await phase(options);
      if (count % 10 === 0) global.gc();
    }
    await turn();
    result[name] = await collect(({ chains, engines, contexts }) => {
      return chains === 0 && engines === 0 && contexts <= before.contexts;
    });
  }
  report({ before, result });
  // The options are alive up to here.
  return options;
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
