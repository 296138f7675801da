/** `TLSSocket` made by hand, and its methods that are those of `net.Socket`. */
import { once } from 'node:events';
import net from 'node:net';
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import {
  closed,
  connectPair,
  HOST,
  listen,
  pipe,
  readLength,
  SOCKET_EVENTS,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import { forVersions, outcome, type ScenarioTable, type TLS } from '../support/scenario';

/** A client made with the constructor alone: it does not verify by itself. */
async function byHand(tls: TLS): Promise<TLSSocket> {
  const { port } = await serve(tls);
  const socket = own(net.connect(port, HOST));
  await once(socket, 'connect');
  return own(new tls.TLSSocket(socket, { isServer: false }));
}

export const scenarios: ScenarioTable = {
  'new TLSSocket as client': async (tls, log) => {
    const client = await byHand(tls);
    watch(log, 'client', client, ['secure', 'secureConnect', 'error', 'close']);
    log('client', 'initially', client.authorized, client.encrypted, client.connecting);
    client.write('x');
    await once(client, 'secure');
    log('client', 'secure', client.authorized, client.authorizationError, client.getProtocol());
  },
  'new TLSSocket as server': async (tls, log) => {
    let serverClosed: Promise<unknown> | undefined;
    const plain = net.createServer((socket) => {
      const secured = own(new tls.TLSSocket(own(socket), { isServer: true, ...serverIdentity() }));
      watch(log, 'server', secured, ['secure', 'secureConnect', 'end', 'error', 'close']);
      secured.on('data', (chunk: Buffer) => secured.end(`re: ${chunk}`));
      serverClosed = closed(secured);
    });
    const port = await listen(plain);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, SOCKET_EVENTS);
    client.write('hello');
    client.on('data', (chunk: Buffer) => log('client', 'data', chunk.toString()));
    await closed(client);
    await serverClosed;
  },
  'new TLSSocket without a socket': (tls, log) => {
    const client = own(new tls.TLSSocket(undefined as unknown as net.Socket));
    log('client', 'state', client.connecting, client.encrypted, client.destroyed);
    log('client', 'getters', client.getProtocol(), client.getCipher(), client.remoteAddress);
    client.destroy();
  },
  'new TLSSocket with a socket of a wrong type': (tls, log) => {
    const make = (value: unknown): unknown =>
      outcome(() => {
        own(new tls.TLSSocket(value as net.Socket));
      });
    log('client', 'string', make('socket'));
    log('client', 'object', make({ write() {} }));
  },
  'new TLSSocket with a secureContext': async (tls, log) => {
    const { port } = await serve(tls);
    const socket = own(net.connect(port, HOST));
    const secureContext = tls.createSecureContext({ ca: trusting().ca });
    const client = own(new tls.TLSSocket(socket, { secureContext }));
    watch(log, 'client', client, ['secure', 'error', 'close']);
    client.write('x');
    await once(client, 'secure');
    log('client', 'authorized', client.authorized);
  },
  'TLSSocket called without new': (tls, log) => {
    const call = tls.TLSSocket as unknown as (socket: unknown) => TLSSocket;
    const { threw } = outcome(() => own(call(pipe()[0]))) as { threw?: Error };
    log('client', 'threw', threw?.name);
  },
  ...forVersions('getters before the handshake', (version) => async (tls, log) => {
    const { port } = await serve(tls);
    const client = own(tls.connect({ port, host: HOST, maxVersion: version, ...trusting() }));
    log('client', 'getters', {
      cipher: client.getCipher(),
      finished: client.getFinished(),
      peerFinished: client.getPeerFinished(),
      certificate: client.getCertificate(),
      peerCertificate: client.getPeerCertificate(),
      x509: client.getX509Certificate(),
      peerX509: client.getPeerX509Certificate(),
      session: client.getSession(),
      ticket: client.getTLSTicket(),
      reused: client.isSessionReused(),
      sigalgs: client.getSharedSigalgs(),
      alpn: client.alpnProtocol,
      servername: client.servername,
      authorized: client.authorized,
      authorizationError: client.authorizationError,
      encrypted: client.encrypted,
    });
    log('client', 'protocol', client.getProtocol());
    log(
      'client',
      'export',
      outcome(() => client.exportKeyingMaterial(16, 'label', Buffer.alloc(0))),
    );
    await once(client, 'secureConnect');
  }),
  ...forVersions('getters after destroy', (version) => async (tls, log) => {
    const { client } = await connectPair(tls, { client: { maxVersion: version } });
    client.destroy();
    await closed(client);
    log('client', 'getters', {
      cipher: client.getCipher(),
      ephemeral: client.getEphemeralKeyInfo(),
      finished: client.getFinished(),
      peerFinished: client.getPeerFinished(),
      certificate: client.getCertificate(),
      peerCertificate: client.getPeerCertificate(),
      x509: client.getX509Certificate(),
      peerX509: client.getPeerX509Certificate(),
      protocol: client.getProtocol(),
      session: client.getSession(),
      ticket: client.getTLSTicket(),
      sigalgs: client.getSharedSigalgs(),
      alpn: client.alpnProtocol,
      servername: client.servername,
      authorized: client.authorized,
      encrypted: client.encrypted,
    });
    log(
      'client',
      'reused',
      outcome(() => client.isSessionReused()),
    );
    log(
      'client',
      'export',
      outcome(() => client.exportKeyingMaterial(16, 'label', Buffer.alloc(0))),
    );
    log(
      'client',
      'send fragment',
      outcome(() => client.setMaxSendFragment(1024)),
    );
    log(
      'client',
      'renegotiate',
      outcome(() => client.renegotiate({}, () => undefined)),
    );
  }),
  'setNoDelay, setKeepAlive, ref and unref return the socket': async (tls, log) => {
    const { port } = await serve(tls);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    const all = (): boolean[] => [
      client.setNoDelay() === client,
      client.setNoDelay(false) === client,
      client.setKeepAlive(true, 1000) === client,
      client.unref() === client,
      client.ref() === client,
      client.setTimeout(0) === client,
      client.pause() === client,
      client.resume() === client,
      client.setEncoding('utf8') === client,
    ];
    log('client', 'connecting', all());
    await once(client, 'secureConnect');
    log('client', 'secure', all());
    client.destroy();
    await closed(client);
    log('client', 'destroyed', all());
  },
  'setTimeout on an idle socket': async (tls, log) => {
    const { client } = await connectPair(tls);
    await new Promise<void>((resolve) => {
      client.setTimeout(40, () => {
        log('client', 'timeout', client.destroyed, client.timeout);
        resolve();
      });
    });
    client.setTimeout(0);
    log('client', 'timeout off', client.timeout);
  },
  'setTimeout with bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    for (const value of ['1', -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      log(
        'client',
        String(value),
        outcome(() => {
          client.setTimeout(value as number);
        }),
      );
    }
    log(
      'client',
      'callback',
      outcome(() => {
        client.setTimeout(10, 'no' as unknown as () => void);
      }),
    );
  },
  ...forVersions('bytesRead and bytesWritten', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.pipe(peer);
    client.write('0123456789');
    await readLength(client, 10);
    log('client', 'more than the plaintext', client.bytesWritten > 10, client.bytesRead > 10);
    log('server', 'more than the plaintext', peer.bytesWritten > 10, peer.bytesRead > 10);
    client.end();
    await closed(client);
    log('client', 'still there', client.bytesWritten > 10, client.bytesRead > 10);
  }),
  'bytesWritten of writes before the connection': async (tls, log) => {
    const { port } = await serve(tls);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.write('0123456789');
    log('client', 'bytesWritten', client.bytesWritten, client.writableLength);
    await once(client, 'secureConnect');
  },
  'setEncoding gives strings': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    client.setEncoding('utf8');
    peer.end('zażółć');
    let text = '';
    client.on('data', (chunk) => {
      log('client', 'type', typeof chunk);
      text += chunk;
    });
    await once(client, 'end');
    log('client', 'text', text);
  },
  'highWaterMark of the client': async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { highWaterMark: 1234 } as object });
    log('client', 'marks', client.readableHighWaterMark, client.writableHighWaterMark);
    log('server', 'default mark', peer.readableHighWaterMark === peer.writableHighWaterMark);
  },
  'instanceof Duplex and constructor name': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    log('client', 'TLSSocket', client instanceof tls.TLSSocket, client.constructor.name);
    log('server', 'TLSSocket', peer instanceof tls.TLSSocket);
    log('client', 'Duplex', client instanceof Duplex);
  },
  'async iteration over the client': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.end('one two three');
    let text = '';
    for await (const chunk of client) text += String(chunk);
    log('client', 'text', text);
  },
  resetAndDestroy: async (tls, log) => {
    const { client } = await connectPair(tls);
    log(
      'client',
      'reset',
      outcome(() => client.resetAndDestroy() === client),
    );
  },
};
