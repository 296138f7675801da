/** Who is accepted: chains, names, client certificates. */
import type { PeerCertificate, TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import { attempt, connectPair, only, readLength } from '../support/peers';
import { forVersions, outcome, type Scenario, type ScenarioTable } from '../support/scenario';

type Name =
  | 'rsa'
  | 'ed25519'
  | 'alpha'
  | 'wildcard'
  | 'commonNameOnly'
  | 'expired'
  | 'notYetValid'
  | 'selfSigned'
  | 'revoked'
  | 'leaf'
  | 'server';

/** The usual client against a server with another certificate. */
function against(name: Name, client: object = {}): ScenarioTable {
  const suffix = Object.keys(client).length > 0 ? ` with ${Object.keys(client).join(', ')}` : '';
  return forVersions(
    `server certificate ${name}${suffix}`,
    (version) => (tls, log) =>
      attempt(tls, log, {
        server: { key: fixtures()[name].key, cert: fixtures()[name].cert, ...only(version) },
        client,
      }),
  );
}

function clientCertificate(
  title: string,
  server: () => object,
  client: () => object,
): ScenarioTable {
  return forVersions(`client certificate: ${title}`, (version) => async (tls, log) => {
    const seen: unknown[] = [];
    await attempt(
      tls,
      (channel, event, ...values) => {
        if (channel === 'server' && event === 'secureConnection') seen.push('secure');
        log(channel, event, ...values);
      },
      {
        server: { requestCert: true, ca: fixtures().ca.cert, ...only(version), ...server() },
        client: client(),
      },
    );
  });
}

const checkers: Record<string, (name: string, cert: PeerCertificate) => Error | undefined> = {
  accepts: () => undefined,
  refuses: () => Object.assign(new Error('not this one'), { code: 'ERR_MINE' }),
};

function withChecker(kind: string): Scenario {
  return (tls, log) =>
    attempt(tls, log, {
      client: {
        servername: 'wrong.test',
        checkServerIdentity: (name, cert) => {
          log('client', 'checkServerIdentity', name, cert.subject, cert.subjectaltname);
          return checkers[kind]?.(name, cert);
        },
      },
    });
}

export const scenarios: ScenarioTable = {
  ...against('server'),
  ...against('rsa'),
  ...against('ed25519'),
  ...against('alpha'),
  ...against('wildcard', { servername: 'www.beta.test' }),
  ...against('wildcard', { servername: 'a.www.beta.test', rejectUnauthorized: true }),
  ...against('commonNameOnly'),
  ...against('expired'),
  ...against('notYetValid'),
  ...against('selfSigned'),
  ...against('leaf'),
  ...against('expired', { rejectUnauthorized: false }),
  ...against('alpha', { rejectUnauthorized: false }),
  ...against('selfSigned', { rejectUnauthorized: false }),
  ...forVersions('leaf with its intermediate', (version) => (tls, log) => {
    const { key, cert } = fixtures().leaf;
    const server = { key, cert: cert + fixtures().intermediate.cert, ...only(version) };
    return attempt(tls, log, { server });
  }),
  "leaf with the intermediate among the client's CAs": (tls, log) => {
    const { key, cert } = fixtures().leaf;
    const ca = [fixtures().ca.cert, fixtures().intermediate.cert];
    return attempt(tls, log, { server: { key, cert }, client: { ca } });
  },
  'concatenated CA certificates in one string': (tls, log) =>
    attempt(tls, log, { client: { ca: fixtures().otherCa.cert + fixtures().ca.cert } }),
  'CA as a Buffer': (tls, log) =>
    attempt(tls, log, { client: { ca: Buffer.from(fixtures().ca.cert) } }),
  'CA as an array of Buffers': (tls, log) =>
    attempt(tls, log, {
      client: { ca: [Buffer.from(fixtures().otherCa.cert), Buffer.from(fixtures().ca.cert)] },
    }),
  'default CAs do not know the server': (tls, log) =>
    attempt(tls, log, { client: { ca: undefined } }),
  'wrong CA': (tls, log) => attempt(tls, log, { client: { ca: fixtures().otherCa.cert } }),
  "self-signed server among the client's CAs": (tls, log) => {
    const { key, cert } = fixtures().selfSigned;
    return attempt(tls, log, { server: { key, cert }, client: { ca: cert } });
  },
  'intermediate alone as CA': (tls, log) => {
    const { key, cert } = fixtures().leaf;
    return attempt(tls, log, {
      server: { key, cert },
      client: { ca: fixtures().intermediate.cert },
    });
  },
  'intermediate alone as CA with allowPartialTrustChain': (tls, log) => {
    const { key, cert } = fixtures().leaf;
    const options = { ca: fixtures().intermediate.cert, allowPartialTrustChain: true };
    return attempt(tls, log, { server: { key, cert }, client: options });
  },
  'revoked certificate with a CRL': (tls, log) => {
    const { key, cert } = fixtures().revoked;
    return attempt(tls, log, { server: { key, cert }, client: { crl: fixtures().crl } as object });
  },
  'good certificate with a CRL': (tls, log) =>
    attempt(tls, log, { client: { crl: [fixtures().crl] } as object }),
  'a host name that the certificate does not have': (tls, log) =>
    attempt(tls, log, { client: { servername: 'wrong.test' } }),
  'an IP address that the certificate has': (tls, log) =>
    attempt(tls, log, { client: { servername: undefined } as object }),
  'checkServerIdentity accepts': withChecker('accepts'),
  'checkServerIdentity refuses': withChecker('refuses'),
  'checkServerIdentity refuses without rejectUnauthorized': (tls, log) =>
    attempt(tls, log, {
      client: { rejectUnauthorized: false, checkServerIdentity: () => new Error('not this one') },
    }),
  'rejectUnauthorized null counts as true': (tls, log) =>
    attempt(tls, log, {
      client: { ca: undefined, rejectUnauthorized: null } as object,
    }),
  'rejectUnauthorized undefined counts as true': (tls, log) =>
    attempt(tls, log, { client: { ca: undefined, rejectUnauthorized: undefined } as object }),
  ...clientCertificate(
    'none asked for',
    () => ({ requestCert: false }),
    () => fixtures().client,
  ),
  ...clientCertificate(
    'good',
    () => ({}),
    () => fixtures().client,
  ),
  ...clientCertificate(
    'none sent',
    () => ({}),
    () => ({}),
  ),
  ...clientCertificate(
    'from another CA',
    () => ({}),
    () => fixtures().strangerClient,
  ),
  ...clientCertificate(
    'none sent, not required',
    () => ({ rejectUnauthorized: false }),
    () => ({}),
  ),
  ...clientCertificate(
    'from another CA, not required',
    () => ({ rejectUnauthorized: false }),
    () => fixtures().strangerClient,
  ),
  ...forVersions('client certificate as the server sees it', (version) => async (tls, log) => {
    const { peer, client } = await connectPair(tls, {
      server: {
        requestCert: true,
        rejectUnauthorized: false,
        ca: fixtures().ca.cert,
        ...only(version),
      },
      client: fixtures().strangerClient,
    });
    log('server', 'authorized', peer.authorized, peer.authorizationError);
    log('server', 'certificate', peer.getPeerCertificate().subject);
    log('client', 'own certificate', (client.getCertificate() as PeerCertificate).subject);
  }),
  'checkServerIdentity of the module': (tls, log) => {
    const check = (host: string, cert: object): unknown =>
      outcome(() => tls.checkServerIdentity(host, cert as PeerCertificate));
    log('module', 'match', check('a.test', { subject: {}, subjectaltname: 'DNS:a.test' }));
    log('module', 'mismatch', check('b.test', { subject: {}, subjectaltname: 'DNS:a.test' }));
    log(
      'module',
      'address',
      check('10.0.0.1', { subject: {}, subjectaltname: 'IP Address:10.0.0.1' }),
    );
    log('module', 'common name', check('c.test', { subject: { CN: 'c.test' } }));
    log('module', 'no name', check('c.test', { subject: {} }));
  },
  ...forVersions(
    'authorized on both ends without client certificate',
    (version) => async (tls, log) => {
      const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
      const show = (socket: TLSSocket): unknown[] => [socket.authorized, socket.authorizationError];
      log('client', 'authorized', ...show(client));
      log('server', 'authorized', ...show(peer));
      client.write('x');
      log('server', 'data', await readLength(peer, 1));
    },
  ),
};
