/** Pre-shared keys, OCSP, renegotiation and the surface of the module. */
import { once } from 'node:events';
import net from 'node:net';
import type { PSKCallbackNegotation, TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import {
  closed,
  connectPair,
  firstOf,
  HOST,
  listen,
  only,
  readLength,
  serve,
  trusting,
  watch,
} from '../support/peers';
import { own, ownServer } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable, type TLS } from '../support/scenario';

/** Some versions of Node have these; see docs/node-tls.md for why they are not offered. */
function isOffered(name: string): boolean {
  return name !== 'getCertificateCompressionAlgorithms';
}

const PSK = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');

interface PskPair {
  readonly server: object;
  readonly client: object;
}

async function psk(tls: TLS, log: Log, options: PskPair): Promise<void> {
  const ciphers = 'PSK+HIGH:TLS_AES_128_GCM_SHA256';
  const server = ownServer(tls.createServer({ ciphers, ...options.server }));
  server.on('secureConnection', own);
  watch(log, 'server', server, ['secureConnection', 'tlsClientError']);
  const port = await listen(server);
  const ended = firstOf(server, ['secureConnection', 'tlsClientError']);
  const client = own(
    tls.connect({
      port,
      host: HOST,
      ciphers,
      checkServerIdentity: () => undefined,
      ...options.client,
    }),
  );
  watch(log, 'client', client, ['secureConnect', 'error', 'close']);
  await firstOf(client, ['secureConnect', 'close']);
  await ended;
  log('client', 'state', client.authorized, client.authorizationError, client.getProtocol());
}

function pskFor(title: string, build: (log: Log) => PskPair): ScenarioTable {
  return forVersions(`PSK: ${title}`, (version) => (tls, log) => {
    const { server, client } = build(log);
    return psk(tls, log, { server: { ...server, ...only(version) }, client });
  });
}

const answering = { server: { pskCallback: () => PSK }, client: {} };

function renegotiation(client: TLSSocket, options: object): Promise<unknown> {
  return new Promise((resolve) => {
    const started = client.renegotiate(options, (error) => resolve([started, error]));
  });
}

export const scenarios: ScenarioTable = {
  ...pskFor('both know the key', (log) => ({
    server: {
      pskCallback(_socket: TLSSocket, identity: string) {
        log('server', 'pskCallback', identity);
        return PSK;
      },
    },
    client: {
      pskCallback(hint: string | null): PSKCallbackNegotation {
        log('client', 'pskCallback', hint);
        return { psk: PSK, identity: 'me' };
      },
    },
  })),
  ...pskFor('the server has a hint', (log) => ({
    server: { ...answering.server, pskIdentityHint: 'hint' },
    client: {
      pskCallback(hint: string | null): PSKCallbackNegotation {
        log('client', 'pskCallback', hint);
        return { psk: PSK, identity: 'me' };
      },
    },
  })),
  ...pskFor('the server does not know the identity', () => ({
    server: { pskCallback: () => null },
    client: { pskCallback: () => ({ psk: PSK, identity: 'me' }) },
  })),
  ...pskFor('different keys', () => ({
    server: { pskCallback: () => PSK },
    client: { pskCallback: () => ({ psk: Buffer.alloc(16), identity: 'me' }) },
  })),
  ...pskFor('the client stops', () => ({
    server: { pskCallback: () => PSK },
    client: { pskCallback: () => null },
  })),
  'pskCallback that is not a function': (tls, log) => {
    const bad = { pskCallback: 'x' } as object;
    log(
      'client',
      'connect',
      outcome(() => {
        tls.connect({ port: 9, ...bad }).on('error', () => undefined);
      }),
    );
    log(
      'server',
      'made',
      outcome(() => {
        tls.createServer(bad);
      }),
    );
    log(
      'server',
      'hint',
      outcome(() => {
        tls.createServer({ pskIdentityHint: 5 } as object);
      }),
    );
  },
  ...forVersions('OCSP', (version) => async (tls, log) => {
    const { client } = await connectPair(tls, {
      server: only(version),
      client: { requestOCSP: true },
      prepareServer: (server) => {
        server.on('OCSPRequest', (certificate: Buffer, issuer: Buffer | null, answer) => {
          log('server', 'OCSPRequest', Buffer.isBuffer(certificate), issuer);
          answer(null, Buffer.from('a response'));
        });
      },
      prepareClient: (socket) => {
        socket.on('OCSPResponse', (response: Buffer | null) => {
          log('client', 'OCSPResponse', response?.toString() ?? response);
        });
      },
    });
    log('client', 'authorized', client.authorized);
  }),
  ...forVersions('OCSP without an answer', (version) => async (tls, log) => {
    await connectPair(tls, {
      server: only(version),
      client: { requestOCSP: true },
      prepareServer: (server) => {
        server.on('OCSPRequest', (_certificate, _issuer, answer) => {
          setTimeout(() => answer(null, null as unknown as Buffer), 5);
        });
      },
      prepareClient: (socket) => {
        watch(log, 'client', socket, ['OCSPResponse', 'secureConnect']);
      },
    });
  }),
  ...forVersions('OCSP that nobody listens for', (version) => async (tls, log) => {
    await connectPair(tls, {
      server: only(version),
      client: { requestOCSP: true },
      prepareClient: (socket) => {
        watch(log, 'client', socket, ['OCSPResponse', 'secureConnect']);
      },
    });
  }),
  ...forVersions('OCSP fails', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, only(version));
    server.on('OCSPRequest', (_certificate, _issuer, answer) => {
      answer(new Error('no OCSP today'), null as unknown as Buffer);
    });
    watch(log, 'server', server, ['tlsClientError', 'secureConnection']);
    const failed = firstOf(server, ['tlsClientError', 'secureConnection']);
    const client = own(tls.connect({ port, host: HOST, ...trusting(), requestOCSP: true }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    await failed;
    await firstOf(client, ['secureConnect', 'close']);
  }),
  ...forVersions('renegotiate', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.on('data', (chunk: Buffer) => peer.write(chunk));
    client.resume();
    log('client', 'renegotiated', await renegotiation(client, { rejectUnauthorized: false }));
    if (client.destroyed) return;
    client.write('x');
    log('client', 'data', await readLength(client, 1));
  }),
  'renegotiate with bad arguments': async (tls, log) => {
    const { client } = await connectPair(tls, { client: { maxVersion: 'TLSv1.2' } });
    const call = client.renegotiate.bind(client) as (...values: unknown[]) => unknown;
    log(
      'client',
      'no options',
      outcome(() => call()),
    );
    log(
      'client',
      'null',
      outcome(() => call(null)),
    );
    log(
      'client',
      'callback',
      outcome(() => call({}, 'x')),
    );
  },
  'renegotiation disabled by the server': async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: 'TLSv1.2' } });
    peer.disableRenegotiation();
    peer.resume();
    client.resume();
    watch(log, 'server', peer, ['error']);
    const failed = firstOf(peer, ['error', 'close']);
    client.renegotiate({ rejectUnauthorized: false }, () => undefined);
    await failed;
  },
  'renegotiation disabled by the client': async (tls, log) => {
    const { client } = await connectPair(tls, { client: { maxVersion: 'TLSv1.2' } });
    client.disableRenegotiation();
    watch(log, 'client', client, ['error']);
    log(
      'client',
      'started',
      outcome(() => client.renegotiate({}, () => undefined)),
    );
  },
  'too many renegotiations': async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: 'TLSv1.2' } });
    peer.resume();
    client.resume();
    watch(log, 'server', peer, ['error']);
    const failed = once(peer, 'error').catch((error) => error);
    let rounds = 0;
    const next = (): void => {
      client.renegotiate({ rejectUnauthorized: false }, (error) => {
        if (error !== null || rounds > 6) return;
        rounds += 1;
        next();
      });
    };
    next();
    await failed;
    log('client', 'rounds', rounds);
  },
  'names of the module': (tls, log) => {
    log('module', 'names', Object.keys(tls).filter(isOffered).sort());
    log(
      'module',
      'types',
      Object.entries(tls)
        .filter(([name]) => isOffered(name))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, value]) => `${name}: ${typeof value}`),
    );
  },
  'values of the module': (tls, log) => {
    log('module', 'ciphers', tls.getCiphers().length, tls.getCiphers()[0]);
    log('module', 'roots', tls.rootCertificates.length, Object.isFrozen(tls.rootCertificates));
    log('module', 'defaults', {
      ciphers: tls.DEFAULT_CIPHERS,
      curve: tls.DEFAULT_ECDH_CURVE,
      min: tls.DEFAULT_MIN_VERSION,
      max: tls.DEFAULT_MAX_VERSION,
      limit: tls.CLIENT_RENEG_LIMIT,
      window: tls.CLIENT_RENEG_WINDOW,
    });
  },
  'DEFAULT_MAX_VERSION assigned': async (tls, log) => {
    const module = tls as { -readonly [K in keyof TLS]: TLS[K] };
    const before = module.DEFAULT_MAX_VERSION;
    module.DEFAULT_MAX_VERSION = 'TLSv1.2';
    try {
      const { client } = await connectPair(tls);
      log('client', 'protocol', client.getProtocol());
    } finally {
      module.DEFAULT_MAX_VERSION = before;
    }
  },
  'DEFAULT_MIN_VERSION assigned': async (tls, log) => {
    const module = tls as { -readonly [K in keyof TLS]: TLS[K] };
    const before = module.DEFAULT_MIN_VERSION;
    module.DEFAULT_MIN_VERSION = 'TLSv1.3';
    try {
      const { server, port } = await serve(tls);
      watch(log, 'server', server, ['tlsClientError']);
      const client = own(
        tls.connect({
          port,
          host: HOST,
          ...trusting(),
          minVersion: 'TLSv1.2',
          maxVersion: 'TLSv1.2',
        }),
      );
      watch(log, 'client', client, ['secureConnect', 'error', 'close']);
      await closed(client);
    } finally {
      module.DEFAULT_MIN_VERSION = before;
    }
  },
  'DEFAULT_CIPHERS assigned': async (tls, log) => {
    const module = tls as { -readonly [K in keyof TLS]: TLS[K] };
    const before = module.DEFAULT_CIPHERS;
    module.DEFAULT_CIPHERS = 'TLS_AES_128_GCM_SHA256';
    try {
      const { client } = await connectPair(tls);
      log('client', 'cipher', client.getCipher());
    } finally {
      module.DEFAULT_CIPHERS = before;
    }
  },
  'DEFAULT_ECDH_CURVE assigned': async (tls, log) => {
    const module = tls as { -readonly [K in keyof TLS]: TLS[K] };
    const before = module.DEFAULT_ECDH_CURVE;
    module.DEFAULT_ECDH_CURVE = 'P-384';
    try {
      const { client } = await connectPair(tls);
      log('client', 'key', client.getEphemeralKeyInfo());
    } finally {
      module.DEFAULT_ECDH_CURVE = before;
    }
  },
  'getCACertificates where Node has it': (tls, log) => {
    const get = (tls as unknown as { getCACertificates?(type?: unknown): string[] })
      .getCACertificates;
    if (get === undefined) return log('module', 'absent');
    for (const type of [undefined, 'default', 'bundled', 'extra', 'nonsense', 5]) {
      log(
        'module',
        String(type),
        outcome(() => get(type).length),
      );
    }
  },
  'setDefaultCACertificates where Node has it': async (tls, log) => {
    const module = tls as unknown as {
      setDefaultCACertificates?(certs: unknown): void;
      getCACertificates(type: string): string[];
    };
    if (module.setDefaultCACertificates === undefined) return log('module', 'absent');
    const before = module.getCACertificates('default');
    const set = module.setDefaultCACertificates;
    log(
      'module',
      'bad',
      outcome(() => set('x')),
    );
    set([fixtures().ca.cert]);
    try {
      const { client } = await connectPair(tls, { client: { ca: undefined } as object });
      log('client', 'authorized', client.authorized);
    } finally {
      set(before);
    }
  },
  NODE_TLS_REJECT_UNAUTHORIZED: async (tls, log) => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const { client } = await connectPair(tls, { client: { ca: undefined } as object });
      log('client', 'authorized', client.authorized, client.authorizationError);
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
  },
  'https.get over the socket of connect': async (tls, log) => {
    const https = await import('node:https');
    const server = ownServer(net.createServer());
    server.close();
    const { port } = await serve(tls, {}, (socket) => {
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    await new Promise<void>((resolve, reject) => {
      https
        .get(
          {
            port,
            host: HOST,
            createConnection: () => own(tls.connect({ port, host: HOST, ...trusting() })),
          },
          (response) => {
            log('client', 'status', response.statusCode);
            response.resume().on('end', resolve);
          },
        )
        .on('error', reject);
    });
  },
};
