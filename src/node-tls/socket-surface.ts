/** The methods of `tls.TLSSocket` that ask or change a layer, as `node:tls` answers them at any time. */
import type {
  CipherNameAndProtocol,
  DetailedPeerCertificate,
  EphemeralKeyInfo,
  TLSSocket as NodeSocket,
  PeerCertificate,
} from 'node:tls';
import type { TLSError } from '../errors';
import type { NativeChain } from '../native';
import type { OnionSocket } from '../onion-socket';
import type { TLSLayer } from '../tls-layer';
import {
  invalidArgType,
  toBytes,
  typeErrorWithCode,
  validateBytes,
  validateInteger,
  validateObject,
  validateString,
} from '../validate';
import { ListeningSocket } from './listening';
import { moduleObject } from './module-object';
import { nodeError } from './names';
import { isSecureContext, type SecureContext, type SecureContextOptions } from './secure-context';
import { sniName } from './socket-options';

const MAX_UINT32 = 2 ** 32 - 1;
const MAX_INT32 = 2 ** 31 - 1;
const MIN_INT32 = -(2 ** 31);

/** After `destroy()`, `node:tls` answers `null` to these, whatever its types say. */
function gone<T>(): T {
  return null as T;
}

export abstract class SocketSurface extends ListeningSocket {
  /** The layer that the socket started with. */
  protected abstract readonly firstLayer: TLSLayer;
  /** Whether its handshake is done. */
  protected abstract readonly isSecure: boolean;

  // `undefined` on a socket that is not connected: the types are those of `node:tls`, where these are optional.
  override get localAddress(): string {
    return super.localAddress as string;
  }
  override get localPort(): number {
    return super.localPort as number;
  }
  override get localFamily(): string {
    return super.localFamily as string;
  }
  override get timeout(): number {
    return super.timeout as number;
  }
  override get bufferSize(): number {
    return super.bufferSize as number;
  }

  /** `undefined` before the handshake, whatever the type says: it is that of `node:tls`. */
  override getCipher(): CipherNameAndProtocol {
    return this.destroyed ? gone() : (super.getCipher() as CipherNameAndProtocol);
  }
  override getProtocol(): string | null {
    return this.destroyed ? null : super.getProtocol();
  }
  override getEphemeralKeyInfo(): EphemeralKeyInfo | object | null {
    return this.destroyed ? null : super.getEphemeralKeyInfo();
  }
  override getCertificate(): ReturnType<OnionSocket['getCertificate']> {
    return this.destroyed ? null : super.getCertificate();
  }
  override getSession(): ReturnType<NodeSocket['getSession']> {
    return this.destroyed ? gone() : (super.getSession() as ReturnType<NodeSocket['getSession']>);
  }
  override getTLSTicket(): ReturnType<NodeSocket['getTLSTicket']> {
    return this.destroyed
      ? gone()
      : (super.getTLSTicket() as ReturnType<NodeSocket['getTLSTicket']>);
  }
  override isSessionReused(): boolean {
    return this.destroyed ? gone() : super.isSessionReused();
  }
  override getFinished(): ReturnType<NodeSocket['getFinished']> {
    return this.destroyed ? gone() : (super.getFinished() as ReturnType<NodeSocket['getFinished']>);
  }
  override getPeerFinished(): ReturnType<NodeSocket['getPeerFinished']> {
    return this.destroyed
      ? gone()
      : (super.getPeerFinished() as ReturnType<NodeSocket['getPeerFinished']>);
  }
  override getSharedSigalgs(): string[] {
    return this.destroyed ? gone() : super.getSharedSigalgs();
  }

  override getPeerCertificate(detailed: true): DetailedPeerCertificate;
  override getPeerCertificate(detailed?: false): PeerCertificate;
  override getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate;
  override getPeerCertificate(detailed?: boolean): PeerCertificate | DetailedPeerCertificate {
    return this.destroyed ? gone() : super.getPeerCertificate(detailed);
  }

  /** @throws Error `ERR_TLS_INVALID_STATE` before the handshake is done */
  override exportKeyingMaterial(
    length: number,
    label: string,
    context?: Buffer,
  ): ReturnType<NodeSocket['exportKeyingMaterial']> {
    validateInteger(length, 'length', 1, MAX_UINT32);
    validateString(label, 'label');
    if (context !== undefined) validateBytes(context, 'context');
    const material = this.isSecure ? super.exportKeyingMaterial(length, label, context) : undefined;
    if (material !== undefined) return material as ReturnType<NodeSocket['exportKeyingMaterial']>;
    const message = 'TLS socket connection must be securely established';
    throw nodeError(message, 'ERR_TLS_INVALID_STATE');
  }

  override setMaxSendFragment(size: number): boolean {
    validateInteger(size, 'size', MIN_INT32, MAX_INT32);
    return super.setMaxSendFragment(size);
  }

  /** The server name to send; before the handshake, on a client. */
  setServername(name: string): void {
    validateString(name, 'name');
    if (this.firstLayer.isServer) {
      const message = 'Cannot issue SNI from a TLS server-side socket';
      throw nodeError(message, 'ERR_TLS_SNI_FROM_SERVER');
    }
    const sent = sniName(name);
    if (sent !== undefined && !this.isSecure) this.onFirstLayer('setServername', sent);
  }

  /** The session to resume; before the handshake, on a client. */
  setSession(session: string | NodeJS.ArrayBufferView): void {
    const bytes = typeof session === 'string' ? Buffer.from(session, 'latin1') : session;
    if (!ArrayBuffer.isView(bytes)) {
      throw typeErrorWithCode('ERR_INVALID_ARG_TYPE', 'Session must be a buffer');
    }
    if (this.isSecure) return;
    try {
      const { secureContext } = this.firstLayer.options;
      this.onFirstLayer('setSession', toBytes(bytes), secureContext.native);
    } catch {
      // As in node:tls: too late, in the middle of a step of the handshake.
    }
  }

  /** The private key and certificate to use from here on; in an ALPNCallback or SNICallback. */
  setKeyCert(context: SecureContext | SecureContextOptions): void {
    const made = isSecureContext(context) ? context : moduleObject().createSecureContext(context);
    this.onFirstLayer('setContext', made.native);
  }

  /** Calls a setter of the native chain for the first layer while it is there. */
  protected onFirstLayer<N extends 'setServername' | 'setSession' | 'setContext'>(
    name: N,
    ...values: Parameters<NativeChain[N]> extends [number, ...infer V] ? V : never
  ): void {
    const level = this.stack.levelOf(this.firstLayer);
    if (this.destroyed || level < 0) return;
    const { chain } = this.stack;
    // The union of the setters can't be called; each takes the values that `N` says.
    (chain[name] as (level: number, ...values: unknown[]) => void).call(chain, level, ...values);
  }

  /** Writes the messages of the protocol to stderr from now on. */
  enableTrace(): void {
    if (!this.destroyed) this.stack.trace(this.firstLayer);
  }

  /**
   * Asks for a new handshake (TLS 1.2 and below). A server can ask for the client's certificate in it.
   * @returns whether it was started, `undefined` on a destroyed socket
   */
  renegotiate(
    options: { rejectUnauthorized?: boolean; requestCert?: boolean },
    callback?: (error: Error | null) => void,
  ): boolean | undefined {
    validateObject(options, 'options');
    if (callback !== undefined && typeof callback !== 'function') {
      throw invalidArgType('callback', 'of type function', callback);
    }
    if (this.destroyed) return undefined;
    if (this.firstLayer.isServer) this.#verifyNext(options);
    if (this.getProtocol() === 'TLSv1.3' || !this.stack.renegotiate(this.firstLayer)) {
      const error = wrongVersion();
      if (callback !== undefined) process.nextTick(callback, error);
      return false;
    }
    if (callback !== undefined) this.once('secure', () => callback(null));
    return true;
  }

  #verifyNext(asked: { rejectUnauthorized?: unknown; requestCert?: unknown }): void {
    const { requestCert, rejectUnauthorized } = { ...this.firstLayer.options, ...asked };
    this.stack.setVerify(this.firstLayer, Boolean(requestCert), Boolean(rejectUnauthorized));
  }
}

/** As OpenSSL says it of TLS 1.3, which has no renegotiation. */
function wrongVersion(): TLSError {
  const [library, reason] = ['SSL routines', 'wrong ssl version'];
  const code = 'ERR_SSL_WRONG_SSL_VERSION';
  return nodeError(`error:0A00010A:${library}::${reason}`, code, { library, reason });
}
