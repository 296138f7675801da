import { OnionSocket, type StartTLSOptions, type TLSLayer } from '../../src';
import { Inbox } from '../support/events';
import {
  clientOptions,
  identityOf,
  layerPair,
  levelsTo,
  serverOptions,
} from '../support/identities';
import { goTo, type Pair, pipePair, startAll, startBoth, swapped, tcpPair } from '../support/pairs';
import type { Shape } from '../support/pipe';
import { pattern } from '../support/random';

/** Sends bytes both ways and has them compared. */
async function exchange(pair: Pair, length = 100_000): Promise<void> {
  const [up, down] = [pattern(length, 1), pattern(length, 2)];
  const [atClient, atServer] = [new Inbox(pair.client), new Inbox(pair.server)];
  pair.client.write(up);
  pair.server.write(down);
  expect((await atServer.bytes(length)).equals(up)).toBe(true);
  expect((await atClient.bytes(length)).equals(down)).toBe(true);
}

function expectDepth(pair: Pair, depth: number): void {
  for (const socket of [pair.client, pair.server]) {
    expect(socket.depth).toBe(depth);
    expect(socket.layers.map((layer) => layer.index)).toEqual(levelsTo(depth));
    expect(socket.layers.map((layer) => layer.state)).toEqual(
      levelsTo(depth).map(() => 'established'),
    );
  }
}

const DEPTHS = [1, 2, 3, 4, 5];
const SHAPES: [string, Shape][] = [
  ['as it was written', 'asWritten'],
  ['cut to single bytes', 'bytes'],
  ['glued together', 'glued'],
  ['cut and glued at random (seed 1)', 1],
  ['cut and glued at random (seed 2)', 2],
  ['cut and glued at random (seed 3)', 3],
];

describe('layers on a TCP connection', () => {
  test.each(DEPTHS)('go %i deep, one after the other, and move data', async (depth) => {
    const pair = await goTo(await tcpPair(), depth);
    expectDepth(pair, depth);
    await exchange(pair);
  });

  test.each(DEPTHS)('go %i deep without waiting for each other', async (depth) => {
    const pair = await tcpPair();
    const options = levelsTo(depth).map((level) => layerPair(level));
    const started = [
      ...startAll(
        pair.client,
        options.map((each) => each.client),
      ),
      ...startAll(
        pair.server,
        options.map((each) => each.server),
      ),
    ];
    await Promise.all(started);
    expectDepth(pair, depth);
    await exchange(pair);
  });

  test('go 5 deep when one side waits for each layer and the other does not', async () => {
    const pair = await tcpPair();
    const server = startAll(
      pair.server,
      levelsTo(5).map((level) => serverOptions(level)),
    );
    for (const level of levelsTo(5)) await pair.client.startTLS(clientOptions(level));
    await Promise.all(server);
    expectDepth(pair, 5);
    await exchange(pair);
  });

  test('can be accepted by the side that opened the connection', async () => {
    const pair = await goTo(swapped(await tcpPair()), 5);
    expectDepth(pair, 5);
    await exchange(pair);
  });

  test('can change roles from layer to layer', async () => {
    const pair = await tcpPair();
    for (const level of levelsTo(5)) await startBoth(level % 2 === 0 ? swapped(pair) : pair, level);
    expectDepth(pair, 5);
    expect(pair.client.layers.map((layer) => layer.isServer)).toEqual([
      false,
      true,
      false,
      true,
      false,
    ]);
    await exchange(pair);
  });

  test('can change roles from layer to layer without waiting', async () => {
    const pair = await tcpPair();
    const all = levelsTo(5).flatMap((level) => {
      return startBoth(level % 2 === 0 ? swapped(pair) : pair, level);
    });
    await Promise.all(all);
    await exchange(pair);
  });
});

describe('layers on a transport whose bytes arrive', () => {
  test.each(SHAPES)('%s: 5 layers go up awaited and move data', async (_, shape) => {
    const pair = await goTo(pipePair({ shape }), 5);
    await exchange(pair, 20_000);
  });

  test.each(SHAPES)('%s: 5 layers go up without waiting and move data', async (_, shape) => {
    const pair = pipePair({ shape });
    await Promise.all(levelsTo(5).map((level) => startBoth(pair, level)));
    expectDepth(pair, 5);
    await exchange(pair, 20_000);
  });

  test.each(SHAPES)('%s: 5 layers of changing roles go up without waiting', async (_, shape) => {
    const pair = pipePair({ shape });
    await Promise.all(
      levelsTo(5).map((level) => startBoth(level % 2 === 0 ? swapped(pair) : pair, level)),
    );
    await exchange(pair, 20_000);
  });
});

describe('each layer on its own', () => {
  const CIPHERS = [
    'TLS_AES_256_GCM_SHA384',
    'TLS_AES_128_GCM_SHA256',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'TLS_AES_256_GCM_SHA384',
  ];

  async function fiveDifferent(): Promise<{
    pair: Pair;
    clients: TLSLayer[];
    servers: TLSLayer[];
  }> {
    const pair = pipePair();
    const layers = await Promise.all(
      levelsTo(5).map((level) => {
        const both: StartTLSOptions = {
          ciphers: CIPHERS[level - 1] as string,
          ALPNProtocols: [`protocol-${level}`],
        };
        return startBoth(pair, level, { both });
      }),
    );
    return {
      pair,
      clients: layers.map(([client]) => client),
      servers: layers.map(([, server]) => server),
    };
  }

  test('has the cipher, protocol, server name and ALPN of its own options', async () => {
    const { clients, servers } = await fiveDifferent();
    for (const layers of [clients, servers]) {
      expect(layers.map((layer) => layer.getCipher()?.name)).toEqual(CIPHERS);
      expect(layers.map((layer) => layer.getProtocol())).toEqual(levelsTo(5).map(() => 'TLSv1.3'));
      expect(layers.map((layer) => layer.servername)).toEqual(
        levelsTo(5).map((level) => `layer${level}.test`),
      );
      expect(layers.map((layer) => layer.alpnProtocol)).toEqual(
        levelsTo(5).map((level) => `protocol-${level}`),
      );
    }
  });

  test('still says so once it has left, each time in an object of its own', async () => {
    const { pair, clients } = await fiveDifferent();
    const before = clients.map((layer) => layer.stats);
    pair.client.destroy();
    expect(clients.map((layer) => layer.stats)).toEqual(before);
    expect(clients.map((layer) => layer.getProtocol())).toEqual(levelsTo(5).map(() => 'TLSv1.3'));
    expect(clients.map((layer) => layer.servername)).toEqual(
      levelsTo(5).map((level) => `layer${level}.test`),
    );
    for (const layer of clients) Object.assign(layer.getCipher() ?? {}, { name: 'changed' });
    expect(clients.map((layer) => layer.getCipher()?.name)).toEqual(CIPHERS);
  });

  test('shows the certificate of its own peer', async () => {
    const { clients, servers } = await fiveDifferent();
    for (const [index, layer] of clients.entries()) {
      const name = `layer${index + 1}.test`;
      expect(layer.authorized).toBe(true);
      expect(layer.getPeerCertificate().subject.CN).toBe(name);
      expect(layer.getPeerX509Certificate()?.checkHost(name)).toBe(name);
      expect(servers[index]?.getX509Certificate()?.fingerprint256).toBe(
        layer.getPeerX509Certificate()?.fingerprint256,
      );
    }
  });

  test('trusts its own CA only', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.server.on('error', () => {});
    pair.client.on('error', () => {});
    pair.server.startTLS(serverOptions(2));
    const client = pair.client.startTLS(clientOptions(2, { ca: identityOf(1).authority.cert }));
    await expect(client).rejects.toMatchObject({ name: 'CertificateError', layer: 2 });
  });

  test('can ask for a certificate of the client', async () => {
    const pair = pipePair();
    const { client, authority } = identityOf(2);
    await startBoth(pair, 1);
    const [, server] = await startBoth(pair, 2, {
      client: { key: client.key, cert: client.cert },
      server: { requestCert: true, ca: authority.cert },
    });
    expect(server.authorized).toBe(true);
    expect(server.getPeerCertificate().subject.CN).toBe('client of layer 2');
    expect(pair.server.layers[0]?.getPeerX509Certificate()).toBeUndefined();
  });

  test.each([
    ['TLSv1.2', 'TLSv1.3'],
    ['TLSv1.3', 'TLSv1.2'],
    ['TLSv1.2', 'TLSv1.2'],
  ] as const)('%s can be outside and %s inside', async (outside, inside) => {
    const pair = pipePair({ shape: 7 });
    const only = (version: 'TLSv1.2' | 'TLSv1.3'): StartTLSOptions => {
      return { minVersion: version, maxVersion: version };
    };
    const [[outer], [inner]] = await Promise.all([
      startBoth(pair, 1, { both: only(outside) }),
      startBoth(pair, 2, { both: only(inside) }),
    ]);
    expect([outer.getProtocol(), inner.getProtocol()]).toEqual([outside, inside]);
    await exchange(pair);
  });

  test('counts its own bytes', async () => {
    const pair = await goTo(await tcpPair(), 2);
    await exchange(pair, 50_000);
    const [outer, inner] = pair.client.layers.map((layer) => layer.stats);
    expect(inner?.bytesWritten).toBe(50_000);
    expect(inner?.bytesRead).toBe(50_000);
    expect(outer?.bytesWritten).toBe(inner?.wireBytesWritten);
    expect(inner?.wireBytesWritten).toBeGreaterThan(50_000);
    expect(outer?.wireBytesWritten).toBeGreaterThan(inner?.wireBytesWritten as number);
    expect(inner?.handshakeMs).toBeGreaterThan(0);
  });
});

describe('keying material', () => {
  test('is asked for in bytes, with a context of any view', async () => {
    const { client, server } = await goTo(pipePair(), 1);
    const context = Buffer.from('some context');
    const view = new DataView(context.buffer, context.byteOffset, context.length);
    const words = new Uint16Array(new Uint8Array(context).buffer);
    const theirs = server.layers[0]?.exportKeyingMaterial(40, 'EXPORTER-test', context);
    expect(theirs).toHaveLength(40);
    for (const each of [context, view, words]) {
      const ours = client.layers[0]?.exportKeyingMaterial(40, 'EXPORTER-test', each);
      expect(ours).toEqual(theirs);
    }
  });

  test.each([
    [-1, 'label', undefined, 'ERR_OUT_OF_RANGE'],
    [2 ** 32 - 1, 'label', undefined, 'ERR_OUT_OF_RANGE'],
    ['40', 'label', undefined, 'ERR_INVALID_ARG_TYPE'],
    [40, undefined, undefined, 'ERR_INVALID_ARG_TYPE'],
    [40, 'label', 'context', 'ERR_INVALID_ARG_TYPE'],
  ])('of %p bytes for %p and %p is refused', async (length, label, context, code) => {
    const { client } = await goTo(pipePair(), 1);
    const ask = (): unknown =>
      client.exportKeyingMaterial(length as never, label as never, context as never);
    expect(ask).toThrow(expect.objectContaining({ code }));
  });
});

describe('an OnionSocket', () => {
  test('is itself a transport for another one', async () => {
    const outer = await goTo(pipePair(), 2);
    const pair = { client: new OnionSocket(outer.client), server: new OnionSocket(outer.server) };
    await startBoth(pair, 3);
    await exchange(pair);
  });

  test('passes bytes through as they are while it has no layer', async () => {
    const pair = pipePair();
    await exchange(pair, 1000);
    expect(pair.pipe.up.bytes.equals(pattern(1000, 1))).toBe(true);
    expect(pair.client.depth).toBe(0);
    expect(pair.client.encrypted).toBe(false);
  });

  test('tells of each layer that is secure, in order', async () => {
    const pair = pipePair();
    const told: TLSLayer[] = [];
    pair.client.on('layerSecure', (layer: TLSLayer) => told.push(layer));
    await Promise.all(levelsTo(3).map((level) => startBoth(pair, level)));
    expect(told).toEqual(pair.client.layers);
  });

  test('answers the getters of tls.TLSSocket from its innermost layer', async () => {
    const pair = pipePair();
    await startBoth(pair, 1, { both: { ALPNProtocols: ['outer'] } });
    await startBoth(pair, 2, { both: { ALPNProtocols: ['inner'], maxVersion: 'TLSv1.2' } });
    expect(pair.client.alpnProtocol).toBe('inner');
    expect(pair.client.getProtocol()).toBe('TLSv1.2');
    expect(pair.client.authorized).toBe(true);
    expect(pair.client.getPeerCertificate().subject.CN).toBe('layer2.test');
    const material = pair.client.exportKeyingMaterial(32, 'label', Buffer.from('context'));
    expect(material).toEqual(pair.server.exportKeyingMaterial(32, 'label', Buffer.from('context')));
  });

  test('changes keys on request while data moves', async () => {
    const pair = await goTo(pipePair({ shape: 11 }), 3);
    for (const layer of pair.client.layers) layer.keyUpdate(true);
    await exchange(pair);
    for (const layer of pair.server.layers) layer.keyUpdate();
    pair.server.write('after');
    expect(await new Inbox(pair.client).text(5)).toBe('after');
  });
});
