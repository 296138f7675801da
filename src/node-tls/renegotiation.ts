/** How often a client may ask a server to renegotiate (TLS 1.2 and below). */
import type { TLSError } from '../errors';
import { moduleObject } from './module-object';
import { nodeError } from './names';

/** Counts the handshakes of one connection within `CLIENT_RENEG_WINDOW` seconds. */
export class RenegotiationGuard {
  disabled = false;
  #handshakes = 0;
  #lastAt = 0;

  /** A handshake after the first starts: the error that it has to be refused with, if any. */
  started(now: number): TLSError | null {
    if (now - this.#lastAt >= moduleObject().CLIENT_RENEG_WINDOW * 1000) this.#handshakes = 0;
    this.#lastAt = now;
    this.#handshakes += 1;
    if (this.#handshakes > moduleObject().CLIENT_RENEG_LIMIT) {
      return nodeError('TLS session renegotiation attack detected', 'ERR_TLS_SESSION_ATTACK');
    }
    if (!this.disabled) return null;
    const message = 'TLS session renegotiation disabled for this socket';
    return nodeError(message, 'ERR_TLS_RENEGOTIATION_DISABLED');
  }
}
