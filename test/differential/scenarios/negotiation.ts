/** ALPN and server names. */
import type { SecureContext, TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import { attempt, connectPair, only, trusting, watch } from '../support/peers';
import { forVersions, outcome, type ScenarioTable } from '../support/scenario';

type AlpnArguments = { servername: string; protocols: string[] };

function alpn(title: string, server: () => object, client: () => object): ScenarioTable {
  return forVersions(`ALPN: ${title}`, (version) => async (tls, log) => {
    const pair = await connectPair(tls, {
      server: { ...server(), ...only(version) },
      client: client(),
    });
    log('client', 'protocol', pair.client.alpnProtocol);
    log('server', 'protocol', pair.peer.alpnProtocol);
  });
}

/** A server with two contexts, and the certificate that a client gets. */
function sni(title: string, servername: string | undefined): ScenarioTable {
  return forVersions(`SNI: ${title}`, (version) => async (tls, log) => {
    const { alpha, wildcard } = fixtures();
    const { client, peer } = await connectPair(tls, {
      server: only(version),
      client: { servername, rejectUnauthorized: false } as object,
      prepareServer: (server) => {
        server.addContext('alpha.test', { key: alpha.key, cert: alpha.cert });
        server.addContext('*.beta.test', { key: wildcard.key, cert: wildcard.cert });
      },
    });
    log('client', 'subject', client.getPeerCertificate().subject, client.authorizationError);
    log('client', 'servername', client.servername);
    log('server', 'servername', peer.servername);
  });
}

type Answer = (error: Error | null, context?: SecureContext) => void;

function sniCallback(
  title: string,
  answer: (make: () => SecureContext, reply: Answer) => void,
): ScenarioTable {
  return forVersions(`SNICallback ${title}`, (version) => (tls, log) => {
    const { alpha } = fixtures();
    return attempt(tls, log, {
      server: {
        ...only(version),
        SNICallback: (name: string, reply: Answer) => {
          log('server', 'SNICallback', name);
          answer(() => tls.createSecureContext({ key: alpha.key, cert: alpha.cert }), reply);
        },
      },
      client: { servername: 'alpha.test' },
    });
  });
}

export const scenarios: ScenarioTable = {
  ...alpn(
    'the server chooses',
    () => ({ ALPNProtocols: ['b', 'a'] }),
    () => ({ ALPNProtocols: ['a', 'b'] }),
  ),
  ...alpn(
    'the client offers none',
    () => ({ ALPNProtocols: ['a'] }),
    () => ({}),
  ),
  ...alpn(
    'the server has none',
    () => ({}),
    () => ({ ALPNProtocols: ['a'] }),
  ),
  ...alpn(
    'protocols as a Buffer',
    () => ({ ALPNProtocols: Buffer.from('\x01a\x02h2') }),
    () => ({ ALPNProtocols: new Uint8Array(Buffer.from('\x02h2\x01a')) }),
  ),
  ...alpn(
    'ALPNCallback chooses the last',
    () => ({ ALPNCallback: ({ protocols }: AlpnArguments) => protocols.at(-1) }),
    () => ({ ALPNProtocols: ['a', 'b', 'c'] }),
  ),
  ...alpn(
    'ALPNCallback is not asked without a list',
    () => ({
      ALPNCallback: () => {
        throw new Error('asked');
      },
    }),
    () => ({}),
  ),
  ...forVersions(
    'ALPN: nothing in common',
    (version) => (tls, log) =>
      attempt(tls, log, {
        server: { ALPNProtocols: ['a'], ...only(version) },
        client: { ALPNProtocols: ['b'] },
      }),
  ),
  ...forVersions(
    'ALPNCallback sees the arguments',
    (version) => (tls, log) =>
      attempt(tls, log, {
        server: {
          ...only(version),
          ALPNCallback: (offer: AlpnArguments) => {
            log('server', 'ALPNCallback', offer.servername, offer.protocols);
            return offer.protocols[0];
          },
        },
        client: { ALPNProtocols: ['a', 'b'], servername: 'localhost' },
      }),
  ),
  ...forVersions(
    'ALPNCallback refuses',
    (version) => (tls, log) =>
      attempt(tls, log, {
        server: { ...only(version), ALPNCallback: () => undefined },
        client: { ALPNProtocols: ['a', 'b'] },
      }),
  ),
  'ALPNCallback gives a protocol that was not offered': (tls, log) =>
    attempt(tls, log, {
      server: { ALPNCallback: () => 'z' },
      client: { ALPNProtocols: ['a', 'b'] },
    }),
  'ALPNCallback with ALPNProtocols': (tls, log) => {
    log(
      'server',
      'made',
      outcome(() => {
        tls.createServer({ ALPNCallback: () => 'a', ALPNProtocols: ['a'] });
      }),
    );
  },
  'ALPNCallback that is not a function': (tls, log) => {
    log(
      'server',
      'made',
      outcome(() => {
        tls.createServer({ ALPNCallback: 5 } as object);
      }),
    );
  },
  ...sni('exact name', 'alpha.test'),
  ...sni('wildcard', 'www.beta.test'),
  ...sni('a wildcard covers one label only', 'a.b.beta.test'),
  ...sni('upper case', 'ALPHA.test'),
  ...sni('unknown name', 'gamma.test'),
  ...sni('none', ''),
  ...sniCallback('answers at once', (make, reply) => reply(null, make())),
  ...sniCallback('answers later', (make, reply) => setTimeout(() => reply(null, make()), 10)),
  ...sniCallback('answers with nothing', (_make, reply) => reply(null)),
  ...sniCallback('answers with null', (_make, reply) => reply(null, null as never)),
  ...sniCallback('fails', (_make, reply) => reply(new Error('no such name'))),
  ...sniCallback('answers with something else', (_make, reply) => reply(null, { x: 1 } as never)),
  ...sniCallback('answers with the inner context', (make, reply) => reply(null, make().context)),
  'SNICallback that is not a function': (tls, log) => {
    log(
      'server',
      'made',
      outcome(() => {
        tls.createServer({ SNICallback: 'x' } as object);
      }),
    );
  },
  'SNICallback is not called without a name': async (tls, log) => {
    const { peer } = await connectPair(tls, {
      server: {
        SNICallback: (name) => log('server', 'SNICallback', name),
      },
      client: { servername: '' },
    });
    log('server', 'servername', peer.servername);
  },
  'addContext replaces the one before': async (tls, log) => {
    const { alpha, rsa } = fixtures();
    const { client } = await connectPair(tls, {
      client: { servername: 'x.test', rejectUnauthorized: false },
      prepareServer: (server) => {
        server.addContext('x.test', { key: alpha.key, cert: alpha.cert });
        server.addContext('x.test', { key: rsa.key, cert: rsa.cert });
      },
    });
    log('client', 'subject', client.getPeerCertificate().subject);
  },
  'addContext with a made context': async (tls, log) => {
    const { alpha } = fixtures();
    const { client } = await connectPair(tls, {
      client: { servername: 'alpha.test' },
      prepareServer: (server) => {
        const made = tls.createSecureContext({ key: alpha.key, cert: alpha.cert });
        server.addContext('alpha.test', made);
      },
    });
    log('client', 'subject', client.getPeerCertificate().subject);
  },
  'addContext without a name': (tls, log) => {
    const server = tls.createServer();
    log(
      'server',
      'added',
      outcome(() => server.addContext('', {})),
    );
  },
  'setServername on a server or with bad values': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    type Named = TLSSocket & { setServername(name: unknown): void };
    log(
      'server',
      'set',
      outcome(() => (peer as Named).setServername('x.test')),
    );
    log(
      'client',
      'set',
      outcome(() => (client as Named).setServername(5)),
    );
  },
  convertALPNProtocols: (tls, log) => {
    const convert = (value: unknown): unknown => {
      const out: { ALPNProtocols?: unknown } = {};
      const convertInto = (
        tls as unknown as { convertALPNProtocols(value: unknown, out: object): void }
      ).convertALPNProtocols;
      return outcome(() => {
        convertInto(value, out);
        return out;
      });
    };
    log('module', 'array', convert(['http/1.1', 'h2']));
    log('module', 'empty array', convert([]));
    log('module', 'Buffer', convert(Buffer.from('\x02h2')));
    log('module', 'Uint8Array', convert(new Uint8Array([1, 97])));
    log('module', 'DataView', convert(new DataView(new ArrayBuffer(3))));
    log('module', 'string', convert('h2'));
    log('module', 'undefined', convert(undefined));
    log('module', 'too long', convert(['x'.repeat(256)]));
    log('module', 'longest', convert(['x'.repeat(255)]));
    log('module', 'number in array', convert([5]));
  },
  'ALPN names that are too long': async (tls, log) => {
    const options = { ALPNProtocols: ['x'.repeat(256)] };
    log(
      'server',
      'made',
      outcome(() => {
        tls.createServer(options);
      }),
    );
    log(
      'client',
      'connect',
      outcome(() => {
        tls.connect({ port: 9, ...options }).on('error', () => undefined);
      }),
    );
  },
  'ALPN with SNI in one handshake': async (tls, log) => {
    const { alpha } = fixtures();
    await attempt(tls, log, {
      server: {
        ALPNProtocols: ['h2', 'http/1.1'],
        SNICallback: (_name, reply) =>
          reply(null, tls.createSecureContext({ key: alpha.key, cert: alpha.cert })),
      },
      client: { ...trusting(), servername: 'alpha.test', ALPNProtocols: ['http/1.1'] },
    });
  },
  'server socket has servername and ALPN on secureConnection': async (tls, log) => {
    await connectPair(tls, {
      server: { ALPNProtocols: ['a'] },
      client: { ALPNProtocols: ['a'] },
      prepareServer: (server) => {
        watch(log, 'server', server, ['secureConnection'], (_event, [socket]) => {
          const { servername, alpnProtocol, authorized } = socket as TLSSocket;
          return [servername, alpnProtocol, authorized];
        });
      },
    });
  },
};
