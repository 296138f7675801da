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

function toLegacy(der: Buffer): PeerCertificate {
  return new X509Certificate(der).toLegacyObject() as PeerCertificate;
}

function isSelfIssued(der: Buffer | undefined): boolean {
  if (der === undefined) return false;
  const certificate = new X509Certificate(der);
  return certificate.checkIssued(certificate);
}
