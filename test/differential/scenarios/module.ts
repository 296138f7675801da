/** The module object: programs put functions of their own into it. */
import { createRequire } from 'node:module';
import type { SecureContextOptions } from 'node:tls';
import { fixtures } from '../support/certificates';
import { attempt, connectPair, HOST, serve, trusting } from '../support/peers';
import { own } from '../support/resources';
import { outcome, type ScenarioTable, type TLS } from '../support/scenario';

/** What docs/node-tls.md says is not in the drop-in. */
const NOT_THERE = ['getCertificateCompressionAlgorithms'];

/** With another function in the place of one of the module's. */
async function replacing<N extends 'createSecureContext' | 'checkServerIdentity'>(
  tls: TLS,
  name: N,
  make: (original: TLS[N]) => TLS[N],
  run: () => Promise<unknown>,
): Promise<void> {
  const original = tls[name];
  tls[name] = make(original);
  try {
    await run();
  } finally {
    tls[name] = original;
  }
}

export const scenarios: ScenarioTable = {
  'what is read from the prototype of a socket': (tls, log) => {
    log('client', 'bytesWritten', tls.TLSSocket.prototype.bytesWritten);
  },
  'createSecureContext replaced adds a CA for all clients': async (tls, log) => {
    await replacing(
      tls,
      'createSecureContext',
      (original) => (options?: SecureContextOptions) => {
        const secureContext = original(options);
        const { context } = secureContext as { context: { addCACert(pem: string): void } };
        context.addCACert(fixtures().ca.cert);
        return secureContext;
      },
      () => attempt(tls, log, { client: { ca: undefined } }),
    );
  },
  'createSecureContext replaced is called for servers and contexts by name': async (tls, log) => {
    await replacing(
      tls,
      'createSecureContext',
      (original) => (options?: SecureContextOptions) => {
        log('context', 'asked', typeof options?.cert, options?.ciphers === tls.DEFAULT_CIPHERS);
        return original(options);
      },
      async () => {
        const { server, port } = await serve(tls);
        server.addContext('alpha.test', fixtures().alpha);
        server.setSecureContext(fixtures().rsa);
        own(tls.connect({ port, host: HOST, ...trusting() }));
        own(new tls.TLSSocket(null as never, {}));
      },
    );
  },
  'checkServerIdentity replaced is asked': async (tls, log) => {
    await replacing(
      tls,
      'checkServerIdentity',
      () => (host) => {
        log('client', 'asked', host);
        return new Error('not this one');
      },
      () => attempt(tls, log),
    );
  },
  'connect without arguments': (tls, log) => {
    const connect = tls.connect as unknown as () => unknown;
    log('client', 'connect', outcome(connect));
  },
  'rootCertificates can not be replaced': (tls, log) => {
    const first = tls.rootCertificates;
    const replace = (): void => {
      (tls as { rootCertificates: unknown }).rootCertificates = [];
    };
    log('module', 'replace', outcome(replace));
    log('module', 'same', tls.rootCertificates === first, tls.rootCertificates.length);
    const names = Object.keys(createRequire(__filename)('node:tls') as object);
    const missing = names.filter((name) => !(name in tls) && !NOT_THERE.includes(name));
    log('module', 'missing', missing);
  },
  'rejectUnauthorized of connect decides over the environment': async (tls, log) => {
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      await attempt(tls, log, { client: { ca: fixtures().otherCa.cert } });
      await attempt(tls, log, {
        client: { ca: fixtures().otherCa.cert, rejectUnauthorized: undefined },
      });
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    const { client } = await connectPair(tls);
    log('client', 'authorized', client.authorized);
  },
};
