/** Handshake steps on the thread pool: nothing that can be seen differs, but that other things go on meanwhile. */
import type { StartTLSOptions, TLSLayer } from '../../src';
import { native } from '../../src/load-addon';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import {
  clientOptions,
  identityOf,
  layerPair,
  levelsTo,
  serverOptions,
} from '../support/identities';
import { goTo, pipePair, startBoth, stopBoth, tcpPair } from '../support/pairs';
import type { Shape } from '../support/pipe';

const offloadHandshake = true;
const ROLES = [
  ['the client', { client: { offloadHandshake } }],
  ['the server', { server: { offloadHandshake } }],
  ['both', { both: { offloadHandshake } }],
] as const;
const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const;
const SHAPES: Shape[] = ['asWritten', 'bytes', 'glued', 7];

describe.each(ROLES)('a handshake that %s offload', (_, extra) => {
  test.each(VERSIONS)('goes 3 deep and back (%s)', async (maxVersion) => {
    const both = { maxVersion, ...('both' in extra ? extra.both : {}) };
    const pair = await goTo(await tcpPair(), 3, { ...extra, both });
    for (let depth = 3; depth > 0; depth--) {
      const inboxes = [new Inbox(pair.client), new Inbox(pair.server)] as const;
      pair.client.write('there');
      pair.server.write('back');
      expect([await inboxes[0].text(4), await inboxes[1].text(5)]).toEqual(['back', 'there']);
      await stopBoth(pair);
    }
  });

  test.each(SHAPES)('goes 5 deep without waiting, on a transport in pieces (%s)', async (shape) => {
    const pair = pipePair({ shape });
    const started = levelsTo(5).map((level) => startBoth(pair, level, extra));
    pair.client.write('data');
    expect(await new Inbox(pair.server).text(4)).toBe('data');
    await Promise.all(started);
  });
});

describe('an offloaded handshake', () => {
  const failures: [string, StartTLSOptions, StartTLSOptions, object, object][] = [
    [
      'another host',
      { servername: 'other.test' },
      {},
      { code: 'ERR_TLS_CERT_ALTNAME_INVALID', alert: { direction: 'sent' } },
      { name: 'AlertError', alert: { name: 'bad certificate' } },
    ],
    [
      'no protocol in common',
      { ALPNProtocols: ['a'] },
      { ALPNProtocols: ['b'] },
      { name: 'AlertError', alert: { name: 'no application protocol' } },
      { code: 'ERR_SSL_NO_APPLICATION_PROTOCOL', alert: { direction: 'sent' } },
    ],
    [
      'no version in common',
      { maxVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.3' },
      { name: 'AlertError', alert: { name: 'protocol version' } },
      { code: 'ERR_SSL_UNSUPPORTED_PROTOCOL' },
    ],
    [
      'an SNICallback that refuses later',
      {},
      { SNICallback: (_name, answer) => setImmediate(answer, new Error('no')) },
      { name: 'AlertError', alert: { name: 'internal error' } },
      { message: 'no' },
    ],
    [
      'too many bytes',
      { ALPNProtocols: Array.from({ length: 100 }, (_, index) => `protocol-${index}`) },
      { maxHandshakeBytes: 1024 },
      { name: 'TruncationError' },
      { name: 'LimitError', code: 'ERR_ONION_LIMIT' },
    ],
  ];

  test.each(failures)('fails as any other: %s', async (_, client, server, atClient, atServer) => {
    const pair = pipePair();
    const endings = [watch(pair.client), watch(pair.server)];
    const started = [
      pair.client.startTLS(clientOptions(1, { ...client, offloadHandshake })),
      pair.server.startTLS(serverOptions(1, { ...server, offloadHandshake })),
    ];
    const errors = await Promise.all(started.map((each) => rejectionOf(each)));
    expect(errors[0]).toMatchObject(atClient);
    expect(errors[1]).toMatchObject(atServer);
    await Promise.all(endings.map(({ closed }) => closed));
    for (const { log } of endings) expect(log).toEqual(['error', 'close']);
  });

  test('says what a peer sent that does not speak TLS', async () => {
    const pair = pipePair();
    const started = rejectionOf(pair.server.startTLS(serverOptions(1, { offloadHandshake })));
    pair.client.write('GET / HTTP/1.1\r\n\r\n');
    expect(await started).toMatchObject({ name: 'UnknownProtocolError', layer: 1 });
  });

  test('asks its callbacks, and for a certificate of the client', async () => {
    const pair = pipePair();
    const { authority, client } = identityOf(1);
    const [, layer] = await startBoth(pair, 1, {
      client: { ...client, ALPNProtocols: ['a', 'b'], offloadHandshake },
      server: {
        offloadHandshake,
        requestCert: true,
        ca: authority.cert,
        ALPNCallback: () => 'b',
        SNICallback: (_name, answer) => setImmediate(answer, null),
      },
    });
    expect(layer.alpnProtocol).toBe('b');
    expect(layer.authorized).toBe(true);
  });

  test('can be asked about while a step is away, and knows nothing yet', async () => {
    const pair = pipePair();
    pair.client.startTLS(clientOptions(1, { offloadHandshake }));
    // The first step is on its way as soon as startTLS returns.
    const layer = pair.client.layers[0] as TLSLayer;
    expect(layer.getProtocol()).toBeNull();
    expect(layer.getCipher()).toBeUndefined();
    expect(layer.stats.wireBytesWritten).toBe(0);
    expect(layer.alpnProtocol).toBe(false);
    expect(layer.getPeerCertificate()).toEqual({});
    expect(pair.client.getSession()).toBeUndefined();
    pair.server.startTLS(serverOptions(1));
    await turns();
  });

  test('gives key log lines to a listener that comes while a step is away, from the next step on', async () => {
    const pair = pipePair();
    const lines: string[] = [];
    const maxVersion = 'TLSv1.2';
    const started = pair.client.startTLS(clientOptions(1, { offloadHandshake, maxVersion }));
    pair.client.on('keylog', (line) => lines.push(String(line)));
    pair.server.startTLS(serverOptions(1));
    await started;
    await turns();
    expect(lines).toEqual([expect.stringMatching(/^CLIENT_RANDOM /)]);
  });

  test('leaves nothing behind when its connection is destroyed at any time', async () => {
    const before = native.liveObjects().engines;
    for (let at = 0; at < 30; at++) {
      const pair = pipePair();
      const ending = watch(pair.server);
      const options = layerPair(1, { both: { offloadHandshake } });
      pair.server.startTLS(options.server);
      pair.client.startTLS(options.client);
      await turns(at % 10);
      pair.server.destroy(at % 2 === 0 ? undefined : new Error('enough'));
      pair.client.destroy();
      await ending.closed;
      expect(ending.log).toEqual(at % 2 === 0 ? ['close'] : ['error', 'close']);
    }
    expect(native.liveObjects().engines).toBe(before);
  });

  test('is one of many at once', async () => {
    const pairs = Array.from({ length: 40 }, () => pipePair({ shape: 'glued' }));
    const extra = { both: { offloadHandshake } };
    await Promise.all(
      pairs.flatMap((pair) => [startBoth(pair, 1, extra), startBoth(pair, 2, extra)]),
    );
    for (const pair of pairs) pair.client.write('data');
    for (const pair of pairs) expect(await new Inbox(pair.server).text(4)).toBe('data');
  });

  test('ends with the transport, whatever is away', async () => {
    const pair = pipePair();
    const started = rejectionOf(pair.client.startTLS(clientOptions(1, { offloadHandshake })));
    pair.pipe.down.cut();
    expect(await started).toMatchObject({ name: 'TruncationError', layer: 1 });
  });
});
