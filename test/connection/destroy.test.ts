import { type OnionSocket, StateError } from '../../src';
import { type Ending, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, type PipePair, pipePair } from '../support/pairs';
import { pattern } from '../support/random';

type State = [name: string, reach: (pair: PipePair) => Promise<void>];

const quiet = (promise: Promise<unknown>): void => void promise.catch(() => {});

/** Every state that a connection can be in. */
const STATES: State[] = [
  ['without a layer', async () => {}],
  [
    'with a layer whose ClientHello has not left',
    async ({ client }) => quiet(client.startTLS(clientOptions(1))),
  ],
  [
    'with a layer that waits for the one below',
    async ({ client }) => {
      quiet(client.startTLS(clientOptions(1)));
      quiet(client.startTLS(clientOptions(2)));
    },
  ],
  [
    'in the middle of a handshake',
    async ({ client }) => {
      quiet(client.startTLS(clientOptions(1)));
      await turns();
    },
  ],
  [
    'in the middle of an inner handshake',
    async (pair) => {
      await goTo(pair, 2);
      quiet(pair.client.startTLS(clientOptions(3)));
      await turns();
    },
  ],
  ['with established layers', async (pair) => void (await goTo(pair, 3))],
  [
    'with data on its way',
    async (pair) => {
      await goTo(pair, 2);
      pair.pipe.up.stall();
      pair.client.write(pattern(1_000_000));
      pair.server.write(pattern(1_000_000));
      await turns(3);
    },
  ],
  [
    'with a reader that is paused',
    async (pair) => {
      await goTo(pair, 2);
      pair.client.pause();
      pair.server.write(pattern(300_000));
      await turns();
    },
  ],
  [
    'while a layer is being stopped',
    async (pair) => {
      await goTo(pair, 2);
      quiet(pair.client.stopTLS());
      await turns();
    },
  ],
  [
    'while a layer is being stopped and the next one waits',
    async (pair) => {
      await goTo(pair, 1);
      quiet(pair.client.stopTLS());
      quiet(pair.client.startTLS(clientOptions(1)));
      await turns();
    },
  ],
  [
    'after the peer has ended',
    async (pair) => {
      await goTo(pair, 2);
      pair.client.resume();
      pair.server.end();
      await turns();
    },
  ],
  [
    'after its own end',
    async (pair) => {
      await goTo(pair, 2);
      pair.client.end();
      await turns();
    },
  ],
];

function expectOneClose(ending: Ending): void {
  expect(ending.log.filter((name) => name === 'close')).toEqual(['close']);
  expect(ending.log.at(-1)).toBe('close');
  expect(ending.errors.length).toBeLessThanOrEqual(1);
}

describe.each(STATES)('%s', (_, reach) => {
  async function reached(): Promise<{ pair: PipePair; ending: Ending }> {
    // Neither side ends because the other does: the state stays as it is.
    const socket = { allowHalfOpen: true };
    const pair = pipePair({ clientSocket: socket, serverSocket: socket });
    const ending = watch(pair.client);
    await reach(pair);
    return { pair, ending };
  }

  test('destroy() closes once, without an error, and the transport with it', async () => {
    const { pair, ending } = await reached();
    pair.client.destroy();
    await ending.closed;
    await turns();
    expectOneClose(ending);
    expect(ending.errors).toEqual([]);
    expect(pair.pipe.a.destroyed).toBe(true);
  });

  test('destroy(error) says that error, and the transport is closed', async () => {
    const { pair, ending } = await reached();
    const error = new Error('enough');
    pair.client.destroy(error);
    await ending.closed;
    await turns();
    expectOneClose(ending);
    expect(ending.errors).toEqual([error]);
    expect(pair.pipe.a.destroyed).toBe(true);
  });

  test('an error of the transport is the error of the socket', async () => {
    const { pair, ending } = await reached();
    const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    pair.pipe.a.destroy(error);
    await ending.closed;
    await turns();
    expectOneClose(ending);
    expect(ending.errors).toEqual([error]);
  });

  test('a transport that is closed closes the socket', async () => {
    const { pair, ending } = await reached();
    pair.pipe.a.destroy();
    await ending.closed;
    await turns();
    expectOneClose(ending);
  });

  test('calls after destroy() are rejected and do nothing', async () => {
    const { pair, ending } = await reached();
    pair.client.destroy();
    for (const promise of [pair.client.startTLS(clientOptions(1)), pair.client.stopTLS()]) {
      expect(await rejectionOf(promise)).toBeInstanceOf(StateError);
    }
    await ending.closed;
    expectOneClose(ending);
  });
});

describe('destroy()', () => {
  test('rejects what is pending', async () => {
    const pair = pipePair();
    pair.client.on('error', () => {});
    const pending = [
      pair.client.startTLS(clientOptions(1)),
      pair.client.startTLS(clientOptions(2)),
      pair.client.stopTLS(),
    ].map((promise) => rejectionOf(promise));
    pair.client.destroy();
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(Error);
  });

  test('with an error rejects what is pending with that error', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.client.on('error', () => {});
    const error = new Error('enough');
    const pending = [pair.client.startTLS(clientOptions(2)), pair.client.stopTLS()];
    const errors = pending.map((promise) => rejectionOf(promise));
    pair.client.destroy(error);
    expect(await Promise.all(errors)).toEqual([error, error]);
  });

  test.each(['data', 'layerSecure', 'layerClose', 'keylog', 'session'])(
    'inside of %s is followed by nothing but close',
    async (event) => {
      const pair = pipePair({ shape: 'glued' });
      const ending = watch(pair.server);
      const log: string[] = [];
      for (const name of ['data', 'layerSecure', 'layerClose', 'keylog', 'session']) {
        pair.server.on(name, () => log.push(name));
      }
      pair.server.on(event, () => pair.server.destroy());
      pair.client.on('error', () => {});
      quiet(pair.server.startTLS(serverOptions(1, { allowPeerStop: true })));
      quiet(pair.client.startTLS(clientOptions(1)));
      pair.client.write('data');
      quiet(pair.client.stopTLS());
      pair.client.write('below');
      if (event === 'session') pair.server.destroy();
      await ending.closed;
      await turns();
      expect(log.filter((name) => name === event).length).toBeLessThanOrEqual(1);
      expectOneClose(ending);
    },
  );
});

describe('a callback that throws', () => {
  const thrown = new Error('thrown by the application');

  test.each([
    ['checkServerIdentity', 'client', { checkServerIdentity: throwing }],
    ['SNICallback', 'server', { SNICallback: throwing }],
    ['ALPNCallback', 'server', { ALPNCallback: throwing }],
  ] as const)('%s fails the handshake with its error', async (name, side, extra) => {
    const pair = pipePair();
    const protocols = name === 'ALPNCallback' ? { ALPNProtocols: ['a'] } : {};
    const endings = { client: watch(pair.client), server: watch(pair.server) };
    const options = {
      client: clientOptions(1, { ...protocols, ...(side === 'client' ? extra : {}) }),
      server: serverOptions(1, side === 'server' ? extra : {}),
    };
    const started = {
      client: rejectionOf(pair.client.startTLS(options.client)),
      server: rejectionOf(pair.server.startTLS(options.server)),
    };
    const error = (await started[side]) as Error & { cause?: unknown };
    expect([error, error.cause]).toContain(thrown);
    await started.client;
    await started.server;
    await Promise.all([endings.client.closed, endings.server.closed]);
    expectOneClose(endings[side]);
  });

  function throwing(): never {
    throw thrown;
  }
});

describe.each(['connect', 'ready', 'timeout', 'lookup'])("'%s' of a transport", (event) => {
  test('comes once to whoever listens, and nobody listens for it otherwise', () => {
    const pair = pipePair();
    expect(pair.pipe.a.listenerCount(event)).toBe(0);
    const heard = jest.fn();
    pair.client.on(event, heard);
    pair.client.on(event, () => {});
    pair.pipe.a.emit(event);
    expect(heard).toHaveBeenCalledTimes(1);
    pair.client.destroy();
    pair.pipe.a.emit(event);
    expect(heard).toHaveBeenCalledTimes(1);
    pair.client.on(event, heard);
    expect(pair.pipe.a.listenerCount(event)).toBe(0);
  });
});

describe('after the end of a connection', () => {
  test('no listener is left on the transport but that for errors', async () => {
    const pair = await goTo(pipePair(), 2);
    const endings = [watch(pair.client), watch(pair.server)];
    pair.client.resume().end();
    pair.server.resume().end();
    await Promise.all(endings.map((ending) => ending.closed));
    for (const name of ['data', 'readable', 'drain', 'connect', 'timeout']) {
      expect(pair.pipe.a.listenerCount(name)).toBe(0);
    }
  });

  test('calls say that it is over', async () => {
    const pair = await goTo(pipePair(), 1);
    const sockets: OnionSocket[] = [pair.client, pair.server];
    for (const socket of sockets) socket.resume().end();
    expect(await rejectionOf(pair.client.startTLS(clientOptions(2)))).toBeInstanceOf(StateError);
    expect(await rejectionOf(pair.client.stopTLS())).toBeInstanceOf(StateError);
  });
});
