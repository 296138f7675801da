'use strict';
// A thread pool of one, which is never without handshakes: does anything else get its turn?
process.env.UV_THREADPOOL_SIZE = '1';
const fs = require('node:fs/promises');
const { onion, makeOptions, report } = require('./common.cjs');

const options = makeOptions();
const hello = new onion.TLSEngine(options.client).receive(new Uint8Array()).wire;

let [begun, done] = [0, 0];
let isOver = false;

/** Answers ClientHellos one after the other, for as long as the flood goes on. */
async function answer() {
  while (!isOver) {
    const engine = new onion.TLSEngine({ ...options.server, offloadHandshake: true });
    engine.receive(hello);
    begun++;
    await engine.pending;
    done++;
  }
}

async function main() {
  const flood = Array.from({ length: 256 }, answer);
  for (let round = 0; round < 5; round++) await fs.stat(__filename);
  isOver = true;
  const waited = begun - done;
  await Promise.all(flood);
  report({ waited: waited > 0, lost: begun - done });
}

main();
