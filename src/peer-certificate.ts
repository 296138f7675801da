import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, PeerCertificate } from 'node:tls';

/** A peer's certificates in DER: as it sent them, and the chain that was built; both leaf first. */
export interface PeerChains {
  sent: Buffer[];
  verified: Buffer[];
}

/** The legacy object of `tls.TLSSocket#getPeerCertificate()`, made by Node's own parser. */
export function legacyPeerCertificate(
  chains: PeerChains,
  detailed: boolean,
): PeerCertificate | DetailedPeerCertificate {
  const leaf = chains.sent[0];
  if (leaf === undefined) return {} as PeerCertificate;
  if (!detailed) return toLegacy(leaf);
  const path = chains.verified.length > 0 ? chains.verified : chains.sent;
  const links = path.map((der) => toLegacy(der) as DetailedPeerCertificate);
  links.forEach((certificate, i) => {
    const issuer = links[i + 1] ?? (isSelfIssued(path[i]) ? certificate : undefined);
    if (issuer !== undefined) certificate.issuerCertificate = issuer;
  });
  return links[0] as DetailedPeerCertificate;
}

/** The certificate of the peer; its `issuerCertificate` leads through the rest of what the peer has sent. */
export function linkedPeerCertificate({ sent }: PeerChains): X509Certificate | undefined {
  const links = sent.map((der) => new X509Certificate(der));
  links.forEach((certificate, i) => {
    // Node's getter on the prototype knows the issuer only where Node has made the connection.
    Object.defineProperty(certificate, 'issuerCertificate', {
      value: links[i + 1],
      configurable: true,
      enumerable: false,
    });
  });
  return links[0];
}

function toLegacy(der: Buffer): PeerCertificate {
  return new X509Certificate(der).toLegacyObject() as PeerCertificate;
}

function isSelfIssued(der: Buffer | undefined): boolean {
  if (der === undefined) return false;
  const certificate = new X509Certificate(der);
  return certificate.checkIssued(certificate);
}
