/** What `node:tls` has for its one layer, in layer 3 of 5; and layers on a socket of the drop-in. */
import { once } from 'node:events';
import { createSecureContext, type StartTLSOptions, type TLSLayer } from '../../src';
import * as tls from '../../src/node-tls';
import { Inbox, next } from '../support/events';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { goTo, type Pair, pipePair, startBoth, track, trackServer } from '../support/pairs';

interface Both {
  client?: StartTLSOptions;
  server?: StartTLSOptions;
  both?: StartTLSOptions;
}

/** Five layers; the options are those of the third. */
async function fiveWith(
  extra: Both,
  pair: Pair = pipePair(),
): Promise<{ pair: Pair; client: TLSLayer; server: TLSLayer }> {
  await goTo(pair, 2);
  const [client, server] = await startBoth(pair, 3, extra);
  await startBoth(pair, 4);
  await startBoth(pair, 5);
  return { pair, client, server };
}

async function roundTrip({ client, server }: Pair): Promise<void> {
  const inbox = new Inbox(client);
  const seen = new Inbox(server);
  client.write('ping');
  expect(await seen.text(4)).toBe('ping');
  server.write('pong');
  expect(await inbox.text(4)).toBe('pong');
}

describe('layer 3 of 5', () => {
  test('chooses its context by server name, in a callback that answers later', async () => {
    const { authority } = identityOf(3);
    const special = authority.issue({ name: 'special.test' });
    const names: string[] = [];
    const { pair, client, server } = await fiveWith({
      client: { servername: 'special.test' },
      server: {
        SNICallback: (name, reply) => {
          names.push(name);
          setImmediate(() => reply(null, createSecureContext(special)));
        },
      },
    });
    expect(names).toEqual(['special.test']);
    expect([client.servername, server.servername]).toEqual(['special.test', 'special.test']);
    expect(client.getPeerX509Certificate()?.checkHost('special.test')).toBe('special.test');
    await roundTrip(pair);
  });

  test('chooses a protocol by ALPN that the others know nothing of', async () => {
    const { pair, client, server } = await fiveWith({
      client: { ALPNProtocols: ['a', 'b'] },
      server: { ALPNCallback: ({ protocols }) => protocols.at(-1) },
    });
    expect([client.alpnProtocol, server.alpnProtocol]).toEqual(['b', 'b']);
    expect(pair.client.layers.map((layer) => layer.alpnProtocol)).toEqual([
      false,
      false,
      'b',
      false,
      false,
    ]);
  });

  test('verifies a client certificate', async () => {
    const { authority, client: identity } = identityOf(3);
    const { pair, server } = await fiveWith({
      client: { key: identity.key, cert: identity.cert },
      server: { requestCert: true, ca: authority.cert },
    });
    expect(server.authorized).toBe(true);
    expect(server.getPeerCertificate().subject.CN).toBe('client of layer 3');
    expect(pair.server.layers[1]?.getPeerCertificate()).toEqual({});
  });

  test.each(['TLSv1.2', 'TLSv1.3'] as const)('resumes a session of %s', async (version) => {
    const both = { minVersion: version, maxVersion: version };
    const { server } = serverOptionsShared(both);
    const sessions: Buffer[] = [];
    const pair = pipePair();
    pair.client.on('session', (session: Buffer, layer: TLSLayer) => {
      if (layer.index === 3) sessions.push(session);
    });
    const first = await fiveWith({ client: both, server }, pair);
    await roundTrip(first.pair);
    const session = version === 'TLSv1.2' ? first.client.getSession() : sessions.at(-1);
    const second = await fiveWith({ client: { ...both, session }, server });
    expect([first.client, second.client].map((layer) => layer.isSessionReused())).toEqual([
      false,
      true,
    ]);
    expect(second.server.isSessionReused()).toBe(true);
    expect(second.client.authorized).toBe(true);
    await roundTrip(second.pair);
  });

  test('does not resume a session under another name', async () => {
    const both = { maxVersion: 'TLSv1.2' } as const;
    const { server } = serverOptionsShared(both);
    const anyName = { ...both, rejectUnauthorized: false };
    const first = await fiveWith({ client: { ...anyName, servername: 'a.test' }, server });
    const session = first.client.getSession();
    const second = await fiveWith({
      client: { ...anyName, servername: 'b.test', session },
      server,
    });
    expect(second.client.isSessionReused()).toBe(false);
  });

  test('logs its keys, and says that they are its own', async () => {
    const pair = pipePair();
    const lines: number[] = [];
    pair.client.on('keylog', (line: Buffer, layer: TLSLayer) => {
      expect(line.toString()).toMatch(/^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]+\n$/);
      lines.push(layer.index);
    });
    await fiveWith({}, pair);
    expect([...new Set(lines)]).toEqual([1, 2, 3, 4, 5]);
    expect(lines.filter((index) => index === 3)).toHaveLength(5);
  });

  test('exports the same keying material on both sides, other than its neighbours', async () => {
    const { pair, client, server } = await fiveWith({});
    const own = client.exportKeyingMaterial(32, 'EXPORTER-test');
    expect(server.exportKeyingMaterial(32, 'EXPORTER-test')).toEqual(own);
    expect(pair.client.layers[3]?.exportKeyingMaterial(32, 'EXPORTER-test')).not.toEqual(own);
  });

  test('uses a pre-shared key', async () => {
    const psk = Buffer.alloc(32, 3);
    const ciphers = 'PSK+HIGH:TLS_AES_128_GCM_SHA256';
    const { pair, client } = await fiveWith({
      client: { ciphers, pskCallback: () => ({ psk, identity: 'three' }) },
      server: {
        ciphers,
        pskCallback: (_socket: never, identity: string) => (identity === 'three' ? psk : null),
      },
    });
    expect(client.getPeerCertificate()).toEqual({});
    await roundTrip(pair);
  });
});

/** The sessions of a server can be resumed with the keys of its context. */
function serverOptionsShared(both: StartTLSOptions): { server: StartTLSOptions } {
  const { key, cert } = serverOptions(3);
  const secureContext = createSecureContext({ key, cert, ...both });
  return { server: { secureContext, key: undefined, cert: undefined } };
}

describe('a socket of the drop-in', () => {
  async function connected(): Promise<{ client: tls.TLSSocket; peer: tls.TLSSocket }> {
    const { key, cert } = identityOf(1).server;
    const server = trackServer(tls.createServer({ key, cert }));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const accepted = next<[tls.TLSSocket]>(server, 'secureConnection');
    const client = track(
      tls.connect({ port, host: '127.0.0.1', ...clientOptions(1) } as tls.ConnectionOptions),
    );
    await once(client, 'secureConnect');
    const [peer] = await accepted;
    return { client, peer: track(peer) };
  }

  test('takes a second layer and gives it back', async () => {
    const { client, peer } = await connected();
    await Promise.all([client.startTLS(clientOptions(2)), peer.startTLS(serverOptions(2))]);
    expect([client.depth, peer.depth]).toEqual([2, 2]);
    expect(client.getPeerCertificate().subject.CN).toBe('layer2.test');
    await roundTrip({ client, server: peer });
    await Promise.all([client.stopTLS(), peer.stopTLS()]);
    expect(client.getPeerCertificate().subject.CN).toBe('layer1.test');
    expect(client.authorized).toBe(true);
  });

  test('goes on in plain text after its own layer', async () => {
    const { client, peer } = await connected();
    await Promise.all([client.stopTLS(), peer.stopTLS()]);
    expect([client.depth, peer.depth]).toEqual([0, 0]);
    await roundTrip({ client, server: peer });
  });
});
