/**
 * Where onion-tls/tls differs from node:tls on purpose. A difference is about some channels of some scenarios; the
 * other channels of these scenarios have to be the same. docs/node-tls.md explains them to users.
 */
export interface Difference {
  readonly reason: string;
  readonly channels: readonly string[];
  /** Titles without their protocol version; `*` at the end stands for any rest. */
  readonly scenarios: readonly string[];
}

export const INTENDED_DIFFERENCES: readonly Difference[] = [
  {
    reason:
      'A client verifies its server in the middle of the handshake, not after it: the server is told why by an alert, and gets neither a client certificate nor a Finished. The server then emits tlsClientError with the alert; node:tls emits secureConnection (TLS 1.2) or "socket hang up" (TLS 1.3).',
    channels: ['server'],
    scenarios: [
      'server certificate *',
      'default CAs do not know the server',
      'wrong CA',
      'intermediate alone as CA',
      'revoked certificate with a CRL',
      'a host name that the certificate does not have',
      'checkServerIdentity refuses',
      'checkServerIdentity replaced is asked',
      'rejectUnauthorized of connect decides over the environment',
      'rejectUnauthorized null counts as true',
      'rejectUnauthorized undefined counts as true',
      'SNICallback answers with nothing',
      'SNICallback answers with null',
    ],
  },
  {
    reason:
      'A server that requires client certificates refuses a bad one with an alert that says why, and tlsClientError has the code of the verification; node:tls closes the connection without a word.',
    channels: ['client', 'server'],
    scenarios: ['client certificate: from another CA'],
  },
  {
    reason:
      'A fatal error closes the transport, after the alert has left, and so does a handshake that takes too long; node:tls leaves the connection open until the peer closes it.',
    channels: ['client', 'server'],
    scenarios: [
      'a fatal error after the handshake closes the connection',
      'handshakeTimeout closes the connection',
    ],
  },
  {
    reason:
      'A callback or listener that fails in the handshake ends it with the alert internal_error; node:tls closes the connection without a word.',
    channels: ['client'],
    scenarios: [
      'ALPNCallback gives a protocol that was not offered',
      'SNICallback fails',
      'resumeSession fails',
      'OCSP fails',
      'tlsClientError tells the server name',
    ],
  },
  {
    reason:
      'What can not be used is refused where it is given, with an error that has a code; node:tls ignores it, or throws an assertion or an error without a code.',
    channels: ['context', 'client', 'server'],
    scenarios: [
      'createSecureContext: garbage PFX',
      'createSecureContext: PFX with a wrong passphrase',
      'createSecureContext: PFX without passphrase',
      'createSecureContext: unknown sigalgs',
      'createSecureContext: dhparam garbage',
      'minDHSize of a wrong type',
      'setTicketKeys with bad values',
      'new TLSSocket with a socket of a wrong type',
      'SNICallback answers with something else',
    ],
  },
  {
    reason:
      'OpenSSL engines are not supported: all their options are refused with one error that says so.',
    channels: ['context'],
    scenarios: ['createSecureContext: privateKeyIdentifier alone'],
  },
  {
    reason:
      'A resumed session is checked for the name of the host again, its certificate can be asked for, and it is not used under other CAs or for another server name; node:tls trusts what was verified when the session was made.',
    channels: ['client', 'server'],
    scenarios: [
      'resumption asks for no certificate again',
      'resumption with a ticket',
      'a session of another server certificate',
      'a session for another servername',
    ],
  },
  {
    reason: 'The error names the size that minDHSize asks for; node:tls always says 2048.',
    channels: ['client'],
    scenarios: ['minDHSize above the size of the group'],
  },
  {
    reason:
      'The names of addContext match without regard to case (RFC 6066), which Node 20 does not do.',
    channels: ['client', 'server'],
    scenarios: ['SNI: upper case'],
  },
  {
    reason:
      'A context given for a name replaces the whole identity; Node 20 to 22 keep the default one where its key is of another type.',
    channels: ['client'],
    scenarios: ['addContext replaces the one before'],
  },
  {
    reason: 'An IP address as servername is a deprecation warning in all versions; Node 26 throws.',
    channels: ['client'],
    scenarios: ['connect with servername an IP address'],
  },
  {
    reason:
      'getTLSTicket() gives the ticket of TLS 1.3 too, and getEphemeralKeyInfo() names groups that are no curves, as only later versions of Node do.',
    channels: ['client'],
    scenarios: ['getSession and getTLSTicket', 'server with *'],
  },
  {
    reason:
      'After destroy(), exportKeyingMaterial() and setMaxSendFragment() fail with a code or return false instead of a TypeError about null; resetAndDestroy() resets the transport where node:tls throws.',
    channels: ['client'],
    scenarios: ['getters after destroy', 'resetAndDestroy'],
  },
  {
    reason:
      'The callback of a write that destroy() cuts off is told of an error; node:tls tells it of none.',
    channels: ['write'],
    scenarios: [
      'destroy while the peer takes nothing',
      'destroy with an error while the peer takes nothing',
    ],
  },
  {
    reason:
      "A server's socket made by hand whose connection ends within the handshake emits 'error' as a client's does, ECONNRESET; node:tls only emits 'end' and 'close'.",
    channels: ['server'],
    scenarios: ['a connection that ends in the handshake of a server made by hand'],
  },
  {
    reason: "'close' says that there was an error whenever 'error' was emitted.",
    channels: ['client'],
    scenarios: [
      'connect with an aborted signal',
      'the transport is destroyed with an error under the client',
    ],
  },
];

function matches(pattern: string, title: string): boolean {
  return pattern.endsWith('*') ? title.startsWith(pattern.slice(0, -1)) : title === pattern;
}

/** The channels that are not compared in this scenario. */
export function channelsThatDiffer(title: string): ReadonlySet<string> {
  const name = title.replace(/ \(TLSv1\.[23]\)$/, '');
  const found = INTENDED_DIFFERENCES.filter(({ scenarios }) =>
    scenarios.some((pattern) => matches(pattern, name)),
  );
  return new Set(found.flatMap(({ channels }) => channels));
}
