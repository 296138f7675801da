/** `Server`: what can be read from it and changed on it, and whom it asks about a client in what order. */
import { once } from 'node:events';
import net from 'node:net';
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import * as nodeTls from 'node:tls';
import { fixtures } from '../support/certificates';
import {
  closed,
  connectPair,
  HOST,
  only,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable } from '../support/scenario';

/** Properties that Node keeps on a server and its documentation does not tell of. */
type State = Record<string, unknown>;

const NO_TICKETS = { secureOptions: 0x4000, sessionIdContext: 'x' };

function logState(log: Log, server: Server): void {
  const state = server as unknown as State;
  for (const name of ['requestCert', 'rejectUnauthorized', 'allowHalfOpen', 'pauseOnConnect']) {
    log('server', name, state[name]);
  }
  for (const name of [
    'ALPNProtocols',
    'ca',
    'ciphers',
    'honorCipherOrder',
    'sigalgs',
    'ticketKeys',
  ]) {
    log('server', name, state[name]);
  }
  log('server', 'identity', state['key'] === serverIdentity().key, typeof state['cert']);
}

/** Gone in Node 24. */
const whereNodeHasSetOptions: ScenarioTable =
  'setOptions' in nodeTls.Server.prototype
    ? {
        'setOptions changes what is not of the context': async (tls, log) => {
          const { server, port } = await serve(tls);
          const set = Reflect.get(server, 'setOptions') as (options: object) => void;
          set.call(server, {
            requestCert: true,
            rejectUnauthorized: false,
            key: fixtures().rsa.key,
          });
          log('server', 'key', (server as unknown as State)['key'] === fixtures().rsa.key);
          const client = own(tls.connect({ port, host: HOST, ...trusting() }));
          const [peer] = (await once(server, 'secureConnection')) as [TLSSocket];
          log('server', 'peer', peer.authorized, peer.authorizationError);
          client.destroy();
        },
      }
    : {};

export const scenarios: ScenarioTable = {
  'properties of a server': (tls, log) => {
    logState(log, tls.createServer(serverIdentity()));
    logState(
      log,
      tls.createServer({
        ...serverIdentity(),
        requestCert: true,
        rejectUnauthorized: false,
        allowHalfOpen: true,
        pauseOnConnect: true,
        ALPNProtocols: ['a'],
        ca: fixtures().ca.cert,
        honorCipherOrder: false,
        ticketKeys: Buffer.alloc(48, 1),
      } as TlsOptions),
    );
  },
  'requestCert set on a server later': async (tls, log) => {
    const { server, port } = await serve(tls, { ca: fixtures().ca.cert });
    Object.assign(server, {
      requestCert: true,
      rejectUnauthorized: false,
      ALPNProtocols: Buffer.from('\x01a'),
    });
    const { key, cert } = fixtures().client;
    const client = own(
      tls.connect({ port, host: HOST, ...trusting(), key, cert, ALPNProtocols: ['a'] }),
    );
    const [peer] = (await once(server, 'secureConnection')) as [TLSSocket];
    log('server', 'peer', peer.authorized, peer.getPeerCertificate().subject, peer.alpnProtocol);
    client.destroy();
  },
  'setSecureContext keeps the ticket keys': (tls, log) => {
    const ticketKeys = Buffer.alloc(48, 7);
    const server = tls.createServer({ ...serverIdentity(), ticketKeys });
    server.setSecureContext(fixtures().rsa);
    log('server', 'keys', server.getTicketKeys());
  },
  ...whereNodeHasSetOptions,
  'the ticket keys of one server are given to another': (tls, log) => {
    type Clustered = { _getServerData(): object; _setServerData(data: object): void };
    const [one, other] = [tls.createServer(), tls.createServer()];
    const data = (one as unknown as Clustered)._getServerData();
    (other as unknown as Clustered)._setServerData(JSON.parse(JSON.stringify(data)) as object);
    log('server', 'same', one.getTicketKeys().equals(other.getTicketKeys()));
  },
  ...forVersions('tlsClientError tells the server name', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, {
      ...only(version),
      SNICallback: (name, done) => done(new Error(`no ${name} here`)),
    });
    server.on('tlsClientError', (error, socket) => {
      log('server', 'failed', error, socket.servername);
    });
    const failed = once(server, 'tlsClientError');
    const client = own(tls.connect({ port, host: HOST, ...trusting(), servername: 'alpha.test' }));
    watch(log, 'client', client, ['error', 'close']);
    await failed;
    await closed(client);
  }),
  ...forVersions('who is asked about a client, in order', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, {
      ...only(version),
      ALPNCallback: ({ protocols, servername }) => {
        // TLS 1.3 asks before the context is chosen, which is not compared.
        log('alpn', 'ALPNCallback', protocols, servername);
        return 'b';
      },
      SNICallback: (name, done) => {
        log('server', 'SNICallback', name);
        setImmediate(() => done(null, tls.createSecureContext(fixtures().alpha)));
      },
    });
    server.on('OCSPRequest', (certificate, _issuer, answer) => {
      log('server', 'OCSPRequest', certificate.includes('alpha.test'));
      answer(null, Buffer.from('good'));
    });
    const client = own(
      tls.connect({
        port,
        host: HOST,
        ...trusting(),
        servername: 'alpha.test',
        ALPNProtocols: ['a', 'b'],
        requestOCSP: true,
      }),
    );
    watch(log, 'client', client, ['OCSPResponse', 'secureConnect', 'error']);
    await once(client, 'secureConnect');
    log('client', 'protocol', client.alpnProtocol, client.getPeerCertificate().subject);
  }),
  'the client is not told before its session is stored (TLSv1.2)': async (tls, log) => {
    const { server, port } = await serve(tls, { ...only('TLSv1.2'), ...NO_TICKETS });
    server.on('newSession', (_id, _data, done) => {
      log('both', 'newSession');
      setTimeout(() => {
        log('both', 'stored');
        done();
      }, 20);
    });
    watch((_channel, event) => log('both', event), 'server', server, ['secureConnection']);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.on('secureConnect', () => log('client', 'secureConnect'));
    const secure = once(client, 'secureConnect').then(() => log('order', 'secureConnect'));
    server.once('newSession', () => setImmediate(() => log('order', 'still storing')));
    await secure;
  },
  'newSession is never answered within the handshakeTimeout (TLSv1.2)': async (tls, log) => {
    const { server, port } = await serve(tls, {
      ...only('TLSv1.2'),
      ...NO_TICKETS,
      handshakeTimeout: 100,
    });
    server.on('newSession', () => log('server', 'newSession'));
    watch(log, 'server', server, ['tlsClientError', 'secureConnection']);
    const failed = once(server, 'tlsClientError');
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    await failed;
    client.destroy();
  },
  'a listener of tlsClientError destroys the socket': async (tls, log) => {
    const { server, port } = await serve(tls, { handshakeTimeout: 20 });
    server.on('tlsClientError', (error, socket) => {
      log('server', 'failed', error);
      socket.destroy();
    });
    const client = own(net.connect(port, HOST));
    client.resume();
    await closed(client);
  },
  'the issuer of a peer certificate is what the peer has sent': async (tls, log) => {
    const { cert, key } = fixtures().leaf;
    const { client, peer } = await connectPair(tls, {
      server: { key, cert: cert + fixtures().intermediate.cert },
    });
    const certificate = client.getPeerX509Certificate();
    const issuer = certificate?.issuerCertificate;
    log('client', 'issuer', issuer?.subject, issuer?.issuerCertificate);
    log('server', 'own', peer.getX509Certificate()?.issuerCertificate);
  },
  'setMaxSendFragment with bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    for (const size of [2 ** 31, Number.NaN, 1.5, '600', undefined, -1, 511, 16385]) {
      const set = (): unknown => client.setMaxSendFragment(size as number);
      log('client', String(size), outcome(set));
    }
  },
  'bufferSize until the end': async (tls, log) => {
    const { client } = await connectPair(tls);
    const size = (): unknown => (client as unknown as State)['bufferSize'];
    client.write('five!');
    log('client', 'written', size());
    client.destroy();
    await closed(client);
    log('client', 'closed', size());
  },
};
