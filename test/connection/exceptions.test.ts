import type { OnionSocket } from '../../src';
import { Inbox, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair, startBoth } from '../support/pairs';

/** Takes uncaught exceptions from Jest while the test runs. */
function uncaught(): string[] {
  const caught: string[] = [];
  jest.spyOn(process, 'nextTick').mockImplementation(((run: () => void, ...values: unknown[]) => {
    queueMicrotask(() => {
      try {
        (run as (...all: unknown[]) => void)(...values);
      } catch (error) {
        caught.push((error as Error).message);
      }
    });
  }) as typeof process.nextTick);
  return caught;
}

function throwOnce(socket: OnionSocket, event: string): void {
  socket.once(event, () => {
    throw new Error(`from ${event}`);
  });
}

describe('an exception in a listener', () => {
  afterEach(() => jest.restoreAllMocks());

  test.each(['keylog', 'session', 'layerSecure'])(
    "of '%s' is thrown on its own and takes no byte and no event along",
    async (event) => {
      const caught = uncaught();
      const pair = pipePair({ shape: 'glued' });
      throwOnce(pair.client, event);
      const inbox = new Inbox(pair.client);
      const starts = startBoth(pair, 1);
      pair.server.write('hello');
      pair.client.write('hello');
      expect(await new Inbox(pair.server).text(5)).toBe('hello');
      expect(await inbox.text(5)).toBe('hello');
      await starts;
      expect(caught).toEqual([`from ${event}`]);
    },
  );

  test("of 'data' does not stop the reader", async () => {
    const caught = uncaught();
    const pair = await goTo(pipePair(), 2);
    throwOnce(pair.server, 'data');
    const inbox = new Inbox(pair.server);
    pair.client.write('one');
    await turns();
    pair.client.write('two');
    await turns();
    expect(inbox.now().toString()).toBe('two');
    expect(caught).toEqual(['from data']);
  });

  test("of 'layerClose' leaves stopTLS settled", async () => {
    const caught = uncaught();
    const pair = await goTo(pipePair(), 1);
    throwOnce(pair.client, 'layerClose');
    const [stopped] = await Promise.all([pair.client.stopTLS(), pair.server.stopTLS()]);
    expect(stopped.reason).toBe('clean');
    expect(caught).toEqual(['from layerClose']);
  });
});

describe('destroy() inside a callback of the handshake', () => {
  test('checkServerIdentity that throws afterwards', async () => {
    const pair = pipePair();
    const ending = watch(pair.client);
    pair.server.startTLS(serverOptions(1));
    const checkServerIdentity = (): never => {
      pair.client.destroy();
      throw new Error('not this host');
    };
    pair.client.startTLS(clientOptions(1, { checkServerIdentity }));
    await ending.closed;
    await turns();
    expect(ending.errors).toEqual([]);
    expect(ending.log).toEqual(['close']);
  });

  test('pskCallback: closed without an error, the transport too', async () => {
    const pair = pipePair();
    const ending = watch(pair.server);
    const psk = Buffer.alloc(16, 1);
    const both = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
    const atServer = (): Buffer => {
      pair.server.destroy();
      return psk;
    };
    pair.server.startTLS({ ...both, isServer: true, pskCallback: atServer });
    pair.client.startTLS({
      ...both,
      checkServerIdentity: () => undefined,
      pskCallback: () => ({ psk, identity: 'me' }),
    });
    await ending.closed;
    expect(ending.errors).toEqual([]);
    expect(pair.pipe.b.destroyed).toBe(true);
  });

  test('SNICallback that answers twice, after the end', async () => {
    const pair = pipePair();
    const ending = watch(pair.server);
    const answers: (() => void)[] = [];
    const SNICallback = (_name: string, answer: (error: Error | null) => void): void => {
      answers.push(() => answer(null));
    };
    pair.server.startTLS(serverOptions(1, { SNICallback }));
    pair.client.startTLS(clientOptions(1));
    while (answers.length === 0) await turns(1);
    pair.server.destroy();
    await ending.closed;
    for (const answer of [...answers, ...answers]) answer();
    await turns();
    expect(ending.log).toEqual(['close']);
  });
});
