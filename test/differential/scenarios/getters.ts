/** What the two ends know of an established connection. */
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import { connectPair, only, readLength } from '../support/peers';
import { forVersions, outcome, type ScenarioTable } from '../support/scenario';

type AnySocket = TLSSocket & { getCipher(): unknown };

/** Node adds members to the objects now and then: the ones that all have. */
function legacy(cert: object | null | undefined): unknown {
  return cert;
}

export const scenarios: ScenarioTable = {
  ...forVersions('getCipher and getProtocol', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    log('client', 'cipher', (client as AnySocket).getCipher(), client.getProtocol());
    log('server', 'cipher', (peer as AnySocket).getCipher(), peer.getProtocol());
  }),
  ...forVersions('getEphemeralKeyInfo', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, {
      client: { maxVersion: version, ecdhCurve: 'P-256' },
    });
    log('client', 'key', client.getEphemeralKeyInfo());
    log('server', 'key', peer.getEphemeralKeyInfo());
  }),
  ...forVersions('getEphemeralKeyInfo with X25519', (version) => async (tls, log) => {
    const { client } = await connectPair(tls, {
      client: { maxVersion: version, ecdhCurve: 'X25519:P-256' },
    });
    log('client', 'key', client.getEphemeralKeyInfo());
  }),
  ...forVersions('getFinished and getPeerFinished agree', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    const equal = (a: Buffer | undefined, b: Buffer | undefined): boolean | undefined =>
      a && b?.equals(a);
    log('client', "own is the other's", equal(client.getFinished(), peer.getPeerFinished()));
    log('server', "own is the other's", equal(peer.getFinished(), client.getPeerFinished()));
    log('client', 'length', client.getFinished()?.length);
  }),
  ...forVersions('getPeerCertificate', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    log('client', 'certificate', legacy(client.getPeerCertificate()));
    log('client', 'false', legacy(client.getPeerCertificate(false)));
    log('server', 'certificate', peer.getPeerCertificate());
  }),
  ...forVersions('getPeerCertificate(true)', (version) => async (tls, log) => {
    const { leaf, intermediate, ca } = fixtures();
    const { client } = await connectPair(tls, {
      server: { key: leaf.key, cert: leaf.cert + intermediate.cert, ...only(version) },
    });
    const names: unknown[] = [];
    let certificate = client.getPeerCertificate(true) as DetailedPeerCertificate;
    log('client', 'keys', Object.keys(certificate).sort());
    for (let depth = 0; depth < 5; depth += 1) {
      names.push(certificate.subject);
      if (certificate.issuerCertificate === certificate) names.push('itself');
      if (!certificate.issuerCertificate) break;
      if (certificate.issuerCertificate === certificate) break;
      certificate = certificate.issuerCertificate;
    }
    log('client', 'chain', names, ca.cert.length > 0);
  }),
  ...forVersions('getPeerCertificate(true) without the root', (version) => async (tls, log) => {
    const { leaf } = fixtures();
    const { client } = await connectPair(tls, {
      server: { key: leaf.key, cert: leaf.cert, ...only(version) },
      client: { rejectUnauthorized: false },
    });
    const certificate = client.getPeerCertificate(true) as DetailedPeerCertificate;
    log('client', 'issuer', certificate.issuerCertificate === undefined);
  }),
  ...forVersions('getPeerCertificate of an RSA server', (version) => async (tls, log) => {
    const { rsa } = fixtures();
    const { client } = await connectPair(tls, {
      server: { key: rsa.key, cert: rsa.cert, ...only(version) },
    });
    log('client', 'certificate', legacy(client.getPeerCertificate()));
  }),
  ...forVersions('getCertificate', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    log('server', 'own', legacy(peer.getCertificate()));
    log('client', 'own', client.getCertificate());
  }),
  ...forVersions('X509 certificates', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    log('client', 'peer', client.getPeerX509Certificate()?.fingerprint256);
    log('client', 'peer issuer', client.getPeerX509Certificate()?.issuerCertificate?.subject);
    log('client', 'own', client.getX509Certificate());
    log('server', 'own', peer.getX509Certificate()?.fingerprint256);
    log('server', 'peer', peer.getPeerX509Certificate());
  }),
  ...forVersions('getSharedSigalgs', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, {
      client: {
        maxVersion: version,
        sigalgs: 'ecdsa_secp256r1_sha256:rsa_pss_rsae_sha256:ed25519',
      } as object,
    });
    log('client', 'sigalgs', client.getSharedSigalgs());
    log('server', 'sigalgs', peer.getSharedSigalgs());
  }),
  ...forVersions('exportKeyingMaterial', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    const context = Buffer.from('context');
    const left = client.exportKeyingMaterial(32, 'EXPORTER-test', context);
    const right = peer.exportKeyingMaterial(32, 'EXPORTER-test', context);
    log('client', 'same', left.equals(right), left.length);
    const bare = client.exportKeyingMaterial as (length: number, label: string) => Buffer;
    log('client', 'no context', bare.call(client, 16, 'EXPORTER-test').length);
    log(
      'client',
      'differs',
      left.equals(client.exportKeyingMaterial(32, 'EXPORTER-other', context)),
    );
  }),
  'exportKeyingMaterial with bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    const call = client.exportKeyingMaterial.bind(client) as (...values: unknown[]) => Buffer;
    log(
      'client',
      'length 0',
      outcome(() => call(0, 'label')),
    );
    log(
      'client',
      'length string',
      outcome(() => call('5', 'label')),
    );
    log(
      'client',
      'label number',
      outcome(() => call(5, 5)),
    );
    log(
      'client',
      'context string',
      outcome(() => call(5, 'label', 'context')),
    );
  },
  ...forVersions('setMaxSendFragment', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    log('server', 'set', peer.setMaxSendFragment(512));
    log('server', 'too small', peer.setMaxSendFragment(511));
    log('server', 'too large', peer.setMaxSendFragment(16385));
    peer.write('x'.repeat(2000));
    const text = await readLength(client, 2000);
    log('client', 'length', text.length);
  }),
  'setMaxSendFragment with bad values': async (tls, log) => {
    const { client } = await connectPair(tls);
    const set = client.setMaxSendFragment.bind(client) as (value: unknown) => boolean;
    log(
      'client',
      'string',
      outcome(() => set('512')),
    );
    log(
      'client',
      'fraction',
      outcome(() => set(512.5)),
    );
  },
  'setKeyCert on a server socket': async (tls, log) => {
    const { alpha } = fixtures();
    const { client } = await connectPair(tls, {
      server: {
        SNICallback: (_name: string, reply: (error: null) => void) => reply(null),
        ALPNCallback(this: unknown, offer: { protocols: string[] }) {
          const socket = this as { setKeyCert?(context: object): void };
          log('server', 'this', typeof socket?.setKeyCert);
          socket?.setKeyCert?.(tls.createSecureContext({ key: alpha.key, cert: alpha.cert }));
          return offer.protocols[0];
        },
      } as object,
      client: { ALPNProtocols: ['a'], rejectUnauthorized: false },
    });
    log('client', 'subject', client.getPeerCertificate().subject);
  },
  'getPeerCertificate with all kinds of names': async (tls, log) => {
    const { wildcard } = fixtures();
    const { client } = await connectPair(tls, {
      server: { key: wildcard.key, cert: wildcard.cert },
      client: { servername: 'www.beta.test' },
    });
    const certificate = client.getPeerCertificate();
    log('client', 'names', certificate.subjectaltname, certificate.valid_to, certificate.ca);
  },
  'enableTrace does not break the connection': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    log('client', 'type', typeof client.enableTrace);
    peer.write('x');
    log('client', 'data', await readLength(client, 1));
  },
  ...forVersions('ssl and _handle are there for old programs', (version) => async (tls, log) => {
    const { client } = await connectPair(tls, { client: { maxVersion: version } });
    log('client', 'encrypted', client.encrypted, client.authorized);
  }),
};
