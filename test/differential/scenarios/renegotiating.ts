/** Another handshake on a connection that is up (TLS 1.2). */
import { constants } from 'node:crypto';
import { once } from 'node:events';
import type { ConnectionOptions, TLSSocket, TlsOptions } from 'node:tls';
import { fixtures } from '../support/certificates';
import { closed, connectPair, only, type Pair, readLength, watch } from '../support/peers';
import type { Log, ScenarioTable, TLS } from '../support/scenario';

const TLS12 = only('TLSv1.2');

function connect(tls: TLS, server: TlsOptions = {}, client: ConnectionOptions = {}): Promise<Pair> {
  return connectPair(tls, { server: { ...TLS12, ...server }, client: { ...TLS12, ...client } });
}

function renegotiated(socket: TLSSocket, options: object = {}): Promise<unknown> {
  return new Promise((resolve) => {
    const started = socket.renegotiate(options, (error) => resolve([started, error]));
  });
}

/** A server asks for the client's certificate later. */
async function askLater(tls: TLS, log: Log, client: ConnectionOptions): Promise<void> {
  const secureOptions = constants.SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION;
  const pair = await connect(tls, { ca: fixtures().ca.cert, secureOptions }, client);
  const { peer } = pair;
  pair.client.resume();
  peer.resume();
  watch(log, 'server', peer, ['secure', 'error']);
  const options = { requestCert: true, rejectUnauthorized: false };
  log('server', 'asked', await renegotiated(peer, options));
  const { subject } = peer.getPeerCertificate();
  log('server', 'knows', peer.authorized, peer.authorizationError, subject);
}

export const scenarios: ScenarioTable = {
  'events of a renegotiation': async (tls, log) => {
    const { client, peer, server } = await connect(tls);
    watch(log, 'client', client, ['secure', 'secureConnect', 'error']);
    watch(log, 'server', peer, ['secure', 'error']);
    watch(log, 'server', server, ['secureConnection']);
    peer.resume();
    client.resume();
    log('client', 'renegotiated', await renegotiated(client));
    log('client', 'state', client.authorized, client.isSessionReused());
  },
  'what is written in a renegotiation comes after it': async (tls, log) => {
    const { client, peer } = await connect(tls);
    client.resume();
    client.write('one ');
    const done = renegotiated(client);
    client.write('two ', () => log('client', 'written'));
    client.write(Buffer.alloc(100_000, 'x'));
    const text = await readLength(peer, 100_008);
    log('server', 'text', text.slice(0, 9), text.length);
    log('client', 'renegotiated', await done);
  },
  'the other end writes in a renegotiation': async (tls, log) => {
    const { client, peer } = await connect(tls);
    peer.on('secure', () => peer.write(' after'));
    peer.resume();
    const done = renegotiated(client);
    for (let i = 0; i < 20; i++) {
      peer.write('x');
      await new Promise(setImmediate);
    }
    log('client', 'text', await readLength(client, 26));
    log('client', 'renegotiated', await done);
  },
  'renegotiate in the callback of a write': async (tls, log) => {
    const { client, peer } = await connect(tls);
    client.resume();
    const done = new Promise((resolve) => {
      client.write('first', () => resolve(renegotiated(client)));
    });
    log('server', 'text', await readLength(peer, 5));
    log('client', 'renegotiated', await done);
  },
  'end in a renegotiation': async (tls, log) => {
    const { client, peer } = await connect(tls);
    watch(log, 'end', peer, ['end', 'error']);
    client.resume();
    client.renegotiate({}, () => undefined);
    client.end('the end');
    log('server', 'text', await readLength(peer, 7));
    peer.resume();
    await closed(client);
  },
  'a server asks for a certificate later': (tls, log) => {
    const { key, cert } = fixtures().client;
    return askLater(tls, log, { key, cert });
  },
  'a server asks a client without a certificate later': (tls, log) => askLater(tls, log, {}),
  'a server asks a client of another CA later': (tls, log) => {
    const { key, cert } = fixtures().strangerClient;
    return askLater(tls, log, { key, cert });
  },
  'a server refuses a client without a certificate later': async (tls, log) => {
    const { client, peer } = await connect(tls, { ca: fixtures().ca.cert });
    watch(log, 'server', peer, ['error', 'close']);
    client.resume();
    client.on('error', () => undefined);
    peer.renegotiate({ requestCert: true, rejectUnauthorized: true }, () => undefined);
    await Promise.all([closed(peer), closed(client)]);
  },
  'a renegotiation with a server that is not verified': async (tls, log) => {
    const { client, peer } = await connect(
      tls,
      {},
      { ca: fixtures().otherCa.cert, rejectUnauthorized: false },
    );
    peer.resume();
    client.resume();
    log('client', 'before', client.authorized, client.authorizationError);
    log('client', 'renegotiated', await renegotiated(client));
    log('client', 'after', client.authorized, client.authorizationError);
  },
  'a server that is not verified disables renegotiation': async (tls, log) => {
    const { client, peer } = await connect(
      tls,
      {},
      { ca: fixtures().otherCa.cert, rejectUnauthorized: false },
    );
    watch(log, 'server', peer, ['error']);
    client.on('error', (error: Error & { code?: string }) => {
      log('verified', 'error', error.code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
    });
    peer.resume();
    peer.disableRenegotiation();
    client.resume();
    client.renegotiate({}, () => log('client', 'renegotiated'));
    peer.on('error', () => peer.destroy());
    await once(peer, 'close');
  },
};
