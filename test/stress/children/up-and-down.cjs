'use strict';
// Many connections at once over TCP, each going to a depth and back many times, with random data at each depth.
const { randomBytes, randomInt } = require('node:crypto');
const net = require('node:net');
const { once } = require('node:events');
const { onion, makeOptions, collect, report } = require('./common.cjs');

const [connections, depth, rounds] = process.argv.slice(2).map(Number);
const options = makeOptions();
const data = randomBytes(64 * 1024);

/** Collects what comes, and gives it out in pieces of the length asked for. */
function reader(socket) {
  let here = Buffer.alloc(0);
  let wake = () => {};
  socket.on('data', (chunk) => {
    here = here.length === 0 ? chunk : Buffer.concat([here, chunk]);
    wake();
  });
  socket.once('close', () => wake(new Error('closed')));
  const read = async (length) => {
    while (here.length < length) {
      await new Promise((resolve, reject) => {
        wake = (error) => (error ? reject(error) : resolve());
      });
    }
    const piece = here.subarray(0, length);
    here = here.subarray(length);
    return piece;
  };
  /** What has come beyond: the first bytes of the next layer. */
  read.rest = () => {
    const rest = here;
    here = Buffer.alloc(0);
    return rest;
  };
  return read;
}

async function exchange(socket, read, length) {
  const start = data.length - length;
  socket.write(data.subarray(start));
  if (!(await read(length)).equals(data.subarray(start)))
    throw new Error('The data came out changed');
}

async function drive(socket, layer, lengths) {
  const read = reader(socket);
  for (let round = 0; round < rounds; round++) {
    for (let level = 1; level < depth; level++) {
      await socket.startTLS({ ...layer, leftover: read.rest() });
      await exchange(socket, read, lengths[round]);
    }
    await socket.startTLS({ ...layer, leftover: read.rest() });
    // The stop is said before the peer's can arrive, which may come right behind its data.
    const [, first] = await Promise.all([exchange(socket, read, lengths[round]), socket.stopTLS()]);
    if (first.reason !== 'clean') throw new Error(first.reason);
    for (let level = 1; level < depth; level++) await socket.stopTLS();
    await exchange(socket, read, lengths[round]);
  }
  socket.end();
  await once(socket, 'close');
}

async function main() {
  const server = net.createServer({ allowHalfOpen: true });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const plans = Array.from({ length: connections }, () => {
    return Array.from({ length: rounds }, () => randomInt(1, 20_000));
  });
  const running = [];
  for (const lengths of plans) {
    const transport = net.connect({
      port: server.address().port,
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    const [[accepted]] = await Promise.all([
      once(server, 'connection'),
      once(transport, 'connect'),
    ]);
    for (const [stream, layer] of [
      [transport, options.client],
      [accepted, options.server],
    ]) {
      stream.setNoDelay(true);
      running.push(drive(new onion.OnionSocket(stream), layer, lengths));
    }
  }
  await Promise.all(running);
  server.close();
}

main().then(
  async () => {
    const live = await collect(({ chains, engines }) => chains === 0 && engines === 0);
    const rss = Math.round(process.memoryUsage().rss / 2 ** 20);
    report({ live, rss });
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
