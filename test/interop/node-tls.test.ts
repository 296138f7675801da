import type { Duplex } from 'node:stream';
import tls from 'node:tls';
import { OnionSocket, type StartTLSOptions } from '../../src';
import { Inbox, watch, writeAll } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { tcpTransports, track } from '../support/pairs';
import { pattern } from '../support/random';

type Version = StartTLSOptions['maxVersion'];

/** The layers of node:tls one in the other, as client or server; resolves with the innermost socket. */
async function nest(
  transport: Duplex,
  depth: number,
  isServer: boolean,
  maxVersion: Version,
): Promise<tls.TLSSocket> {
  let inner: Duplex = transport;
  for (const level of levelsTo(depth)) {
    const socket = isServer
      ? serverLayer(inner, level, maxVersion)
      : tls.connect({
          socket: inner,
          ...(clientOptions(level) as tls.ConnectionOptions),
          maxVersion,
        });
    track(socket);
    await new Promise((resolve, reject) => {
      socket.once(isServer ? 'secure' : 'secureConnect', resolve);
      socket.once('error', reject);
    });
    inner = socket;
  }
  return inner as tls.TLSSocket;
}

function serverLayer(inner: Duplex, level: number, maxVersion: Version): tls.TLSSocket {
  const { key, cert } = serverOptions(level);
  const secureContext = tls.createSecureContext({
    key,
    cert,
    maxVersion,
  } as tls.SecureContextOptions);
  return new tls.TLSSocket(inner, { isServer: true, secureContext });
}

async function bothUp(depth: number, peerIsServer: boolean, maxVersion: Version) {
  const [a, b] = await tcpTransports();
  const ours = track(new OnionSocket(peerIsServer ? a : b));
  const options = levelsTo(depth).map((level) => {
    return peerIsServer ? clientOptions(level) : serverOptions(level);
  });
  const started = options.map((each) => ours.startTLS(each));
  const peer = await nest(peerIsServer ? b : a, depth, peerIsServer, maxVersion);
  await Promise.all(started);
  return { ours, peer };
}

const ROLES: [string, boolean][] = [
  ['server', true],
  ['client', false],
];

describe.each(ROLES)('node:tls nested in itself as %s', (_, peerIsServer) => {
  test.each(levelsTo(5))('exchanges data %i deep', async (depth) => {
    const { ours, peer } = await bothUp(depth, peerIsServer, 'TLSv1.3');
    const sent = pattern(300_000);
    const [here, there] = [new Inbox(ours), new Inbox(peer)];
    await Promise.all([writeAll(ours, sent), writeAll(peer, sent)]);
    expect((await here.bytes(sent.length)).equals(sent)).toBe(true);
    expect((await there.bytes(sent.length)).equals(sent)).toBe(true);
  });

  test('exchanges data 3 deep with TLS 1.2', async () => {
    const { ours, peer } = await bothUp(3, peerIsServer, 'TLSv1.2');
    expect(ours.layers.map((layer) => layer.getProtocol())).toEqual(
      levelsTo(3).map(() => 'TLSv1.2'),
    );
    const [here, there] = [new Inbox(ours), new Inbox(peer)];
    ours.write('one way');
    peer.write('and the other');
    expect(await there.text(7)).toBe('one way');
    expect(await here.text(13)).toBe('and the other');
  });

  test('sees our end as an end', async () => {
    const { ours, peer } = await bothUp(2, peerIsServer, 'TLSv1.3');
    const ending = watch(peer);
    const inbox = new Inbox(peer);
    ours.resume();
    ours.end('goodbye');
    expect((await inbox.rest()).toString()).toBe('goodbye');
    expect(ending.errors).toEqual([]);
  });

  test('agrees on the keying material of a layer', async () => {
    const { ours, peer } = await bothUp(2, peerIsServer, 'TLSv1.3');
    const context = Buffer.from('context');
    expect(ours.layers[1]?.exportKeyingMaterial(40, 'EXPORTER-test', context)).toEqual(
      peer.exportKeyingMaterial(40, 'EXPORTER-test', context),
    );
  });
});

describe('node:tls over an OnionSocket', () => {
  test('finds a transport like any other', async () => {
    const [a, b] = await tcpTransports();
    const [client, server] = [track(new OnionSocket(a)), track(new OnionSocket(b))];
    await Promise.all([client.startTLS(clientOptions(1)), server.startTLS(serverOptions(1))]);
    const [inner, peer] = await Promise.all([
      nest(client, 1, false, 'TLSv1.3'),
      nest(server, 1, true, 'TLSv1.3'),
    ]);
    const inbox = new Inbox(peer);
    inner.write('inside of both');
    expect(await inbox.text(14)).toBe('inside of both');
  });
});
