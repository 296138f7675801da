import type { X509Certificate } from 'node:crypto';
import type {
  CipherNameAndProtocol,
  DetailedPeerCertificate,
  EphemeralKeyInfo,
  PeerCertificate,
} from 'node:tls';
import { NetSurface } from './net-surface';
import type { TLSLayer } from './tls-layer';

/**
 * The getters of `tls.TLSSocket`, answered by the innermost layer; without a layer they say what a plain connection would.
 */
export abstract class LayeredSurface extends NetSurface {
  /** The layer that answers; none while there is none. */
  protected abstract get innermost(): TLSLayer | undefined;

  /** Whether there is a layer. */
  get encrypted(): boolean {
    return this.innermost !== undefined;
  }
  get authorized(): boolean {
    return this.innermost?.authorized ?? false;
  }
  get authorizationError(): Error | null {
    return this.innermost?.authorizationError ?? null;
  }
  get alpnProtocol(): string | false | null {
    return this.innermost?.alpnProtocol ?? null;
  }
  get servername(): string | false | null {
    return this.innermost?.servername ?? null;
  }
  getCipher(): CipherNameAndProtocol | undefined {
    return this.innermost?.getCipher();
  }
  getProtocol(): string | null {
    return this.innermost?.getProtocol() ?? null;
  }
  getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    return this.innermost?.getEphemeralKeyInfo() ?? null;
  }
  getPeerCertificate(detailed: true): DetailedPeerCertificate;
  getPeerCertificate(detailed?: false): PeerCertificate;
  getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate {
    return this.innermost?.getPeerCertificate(detailed) ?? ({} as PeerCertificate);
  }
  getCertificate(): PeerCertificate | object | null {
    return this.innermost?.getCertificate() ?? null;
  }
  getX509Certificate(): X509Certificate | undefined {
    return this.innermost?.getX509Certificate();
  }
  getPeerX509Certificate(): X509Certificate | undefined {
    return this.innermost?.getPeerX509Certificate();
  }
  getSession(): Buffer | undefined {
    return this.innermost?.getSession();
  }
  getTLSTicket(): Buffer | undefined {
    return this.innermost?.getTLSTicket();
  }
  isSessionReused(): boolean {
    return this.innermost?.isSessionReused() ?? false;
  }
  getFinished(): Buffer | undefined {
    return this.innermost?.getFinished();
  }
  getPeerFinished(): Buffer | undefined {
    return this.innermost?.getPeerFinished();
  }
  getSharedSigalgs(): string[] {
    return this.innermost?.getSharedSigalgs() ?? [];
  }
  exportKeyingMaterial(length: number, label: string, context?: Buffer): Buffer | undefined {
    return this.innermost?.exportKeyingMaterial(length, label, context);
  }
  setMaxSendFragment(size: number): boolean {
    return this.innermost?.setMaxSendFragment(size) ?? false;
  }
}
