import { duplexPair } from 'node:stream';
import type * as Onion from '../../src';
import { clientOptions, serverOptions } from '../support/identities';

/** The package as a test file with a module registry of its own would load it. */
function loadAnew(): typeof Onion {
  let loaded: typeof Onion | undefined;
  jest.isolateModules(() => {
    loaded = require('../../src');
  });
  if (loaded === undefined) throw new Error('not loaded');
  return loaded;
}

async function connectPair(client: typeof Onion, server: typeof Onion) {
  const [a, b] = duplexPair();
  const sockets = [new client.OnionSocket(a), new server.OnionSocket(b)] as const;
  await Promise.all([sockets[0].startTLS(clientOptions(1)), sockets[1].startTLS(serverOptions(1))]);
  const answered = new Promise<string>((resolve) => {
    sockets[0].once('data', (chunk: Buffer) => resolve(chunk.toString()));
  });
  sockets[1].write('hello');
  expect(await answered).toBe('hello');
  return sockets;
}

describe('many module registries in one process', () => {
  test('each get a package that works, together with all others', async () => {
    const loads = Array.from({ length: 20 }, loadAnew);
    expect(new Set(loads.map((each) => each.OnionSocket)).size).toBe(20);
    for (const [index, load] of loads.entries()) {
      const next = loads[(index + 1) % loads.length] as typeof Onion;
      const sockets = await connectPair(load, next);
      for (const socket of sockets) socket.destroy();
    }
  });

  test('refuse a context that another one has made, or work with it', async () => {
    const [one, other] = [loadAnew(), loadAnew()];
    const { key, cert } = serverOptions(1);
    const secureContext = one.createSecureContext({ key, cert });
    const [a] = duplexPair();
    const socket = new other.OnionSocket(a);
    socket.on('error', () => {});
    let refusal: unknown;
    try {
      socket.startTLS({ isServer: true, secureContext }).catch(() => {});
    } catch (error) {
      refusal = error;
    }
    if (refusal !== undefined) expect(refusal).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    socket.destroy();
  });
});
