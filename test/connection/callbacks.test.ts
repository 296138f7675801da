/** What the callbacks of a handshake may return, throw and do. */
import { types } from 'node:util';
import { type OnionSocket, TLSEngine } from '../../src';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { goTo, pipePair } from '../support/pairs';

type Answer = (error: Error | null, context?: undefined) => void;

/** Both ends of a handshake that fails: what each of them says. */
async function failBoth(client: object, server: object) {
  const pair = pipePair();
  const endings = [watch(pair.client), watch(pair.server)] as const;
  const started = [
    rejectionOf(pair.client.startTLS(clientOptions(1, client))),
    rejectionOf(pair.server.startTLS(serverOptions(1, server))),
  ] as const;
  const errors = await Promise.all(started);
  await Promise.all(endings.map(({ closed }) => closed));
  expect(endings.map(({ log }) => log)).toEqual([
    ['error', 'close'],
    ['error', 'close'],
  ]);
  return { client: errors[0], server: errors[1] };
}

const sent = (name: string) => ({ name, direction: 'sent' });
const received = (name: string) => ({ name, direction: 'received' });

describe('SNICallback that gives an error', () => {
  const given: [string, unknown][] = [
    ['an Error', new Error('no such host')],
    ['a text', 'no such host'],
    [
      'what only inherits from Error',
      Object.create(Error.prototype, { message: { value: 'no such host' } }),
    ],
  ];
  const times = ['at once', 'later'] as const;

  test.each(given.flatMap(([what, error]) => times.map((when) => [what, when, error] as const)))(
    '(%s, %s) refuses the client with an alert',
    async (_what, when, error) => {
      const SNICallback = (_name: string, answer: (error: never) => void): void => {
        if (when === 'at once') answer(error as never);
        else setImmediate(() => answer(error as never));
      };
      const errors = await failBoth({}, { SNICallback });
      expect(errors.server.message).toBe('no such host');
      expect(errors.client).toMatchObject({
        name: 'AlertError',
        alert: received('internal error'),
      });
    },
  );

  test('later fails a TLSEngine too, which then has the alert', async () => {
    const answers: Answer[] = [];
    const SNICallback = (_name: string, answer: Answer): void => void answers.push(answer);
    const server = new TLSEngine(serverOptions(1, { SNICallback }));
    const client = new TLSEngine(clientOptions(1));
    expect(server.receive(client.receive(Buffer.alloc(0)).wire as Buffer).error).toBeUndefined();
    const error = new Error('no such host');
    answers[0]?.(error);
    await turns(1);
    const output = server.receive(Buffer.alloc(0));
    expect(output.error).toBe(error);
    expect(server.state).toBe('failed');
    expect(client.receive(output.wire as Buffer).error).toMatchObject({ name: 'AlertError' });
  });

  test.each([null, new Error('too late')])(
    '(%p) after it has destroyed the socket raises nothing',
    async (error) => {
      const unhandled: unknown[] = [];
      const onUnhandled = (reason: unknown): void => void unhandled.push(reason);
      process.on('unhandledRejection', onUnhandled);
      const pair = pipePair();
      const ending = watch(pair.server);
      const SNICallback = (_name: string, answer: Answer): void => {
        pair.server.destroy();
        setImmediate(() => answer(error));
      };
      pair.server.startTLS(serverOptions(1, { SNICallback }));
      pair.client.startTLS(clientOptions(1));
      await ending.closed;
      await turns();
      process.off('unhandledRejection', onUnhandled);
      expect(unhandled).toEqual([]);
      expect(ending.log).toEqual(['close']);
    },
  );
});

describe('ALPNCallback', () => {
  test('that chooses what was not offered refuses the client with an alert', async () => {
    const errors = await failBoth({ ALPNProtocols: ['a'] }, { ALPNCallback: () => 'b' });
    expect(errors.server).toMatchObject({
      name: 'HandshakeError',
      code: 'ERR_TLS_ALPN_CALLBACK_INVALID_RESULT',
      layer: 1,
      alert: sent('internal error'),
    });
    expect(errors.client).toMatchObject({ alert: received('internal error') });
  });
});

describe('checkServerIdentity', () => {
  test.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'that throws refuses with an alert (%s)',
    async (maxVersion) => {
      const thrown = new Error('not this one');
      const checkServerIdentity = (): never => {
        throw thrown;
      };
      const errors = await failBoth({ checkServerIdentity, maxVersion }, {});
      expect(errors.client).toBe(thrown);
      expect(errors.server).toMatchObject({ alert: received('bad certificate') });
    },
  );

  test.each([[undefined], [null]])('that returns %p accepts', async (value) => {
    const pair = pipePair();
    pair.server.startTLS(serverOptions(1));
    const checkServerIdentity = (): never => value as never;
    const layer = await pair.client.startTLS(clientOptions(1, { checkServerIdentity }));
    expect(layer.authorized).toBe(true);
  });

  test.each([
    [false, 'false'],
    [true, 'true'],
    ['no', "'no'"],
    [Promise.resolve(undefined), '[Promise]'],
  ])('that returns %p refuses, and the error says why', async (value, text) => {
    const errors = await failBoth({ checkServerIdentity: () => value }, {});
    expect(errors.client).toMatchObject({
      name: 'CertificateError',
      code: 'ERR_ONION_IDENTITY',
      alert: sent('bad certificate'),
    });
    expect(errors.client.message).toContain(text);
    expect(types.isNativeError(errors.client.cause)).toBe(true);
  });
});

describe('pskCallback', () => {
  const psk = Buffer.alloc(16, 1);
  const both = { ciphers: 'PSK', maxVersion: 'TLSv1.2' } as const;
  const client = {
    ...both,
    servername: 'psk.test',
    checkServerIdentity: () => undefined,
    pskCallback: () => ({ psk, identity: 'me' }),
  };

  test('may ask about the connection, which is in the middle of the handshake', async () => {
    const pair = pipePair();
    const seen: unknown[] = [];
    const pskCallback = (socket: OnionSocket, identity: string): Buffer => {
      seen.push(identity, socket.getProtocol(), socket.servername, socket.layers[0]?.state);
      seen.push(socket.exportKeyingMaterial(16, 'too early'));
      return psk;
    };
    pair.server.startTLS({ ...both, isServer: true, pskCallback });
    await pair.client.startTLS(client);
    expect(seen).toEqual(['me', 'TLSv1.2', 'psk.test', 'handshaking', undefined]);
  });

  test('may make another connection read, in the middle of a record of this one', async () => {
    const other = await goTo(pipePair({ shape: 'glued' }), 2);
    const theirs = new Inbox(other.client);
    other.client.pause();
    other.server.write(Buffer.alloc(900_000, 'b'));
    await turns(20);

    const pair = await goTo(pipePair({ shape: 'glued' }), 1);
    const pskCallback = (): Buffer => {
      other.client.resume();
      return psk;
    };
    pair.server.startTLS({ ...both, isServer: true, pskCallback });
    const layer = await pair.client.startTLS(client);
    expect(layer.state).toBe('established');
    expect((await theirs.bytes(900_000)).equals(Buffer.alloc(900_000, 'b'))).toBe(true);
  });
});
