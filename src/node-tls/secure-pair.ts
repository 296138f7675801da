/** `createSecurePair`, which `node:tls` had until Node 24: TLS between two streams, for programs that move the bytes. */
import { EventEmitter } from 'node:events';
import { Duplex } from 'node:stream';
import { deprecate } from 'node:util';
import { moduleObject } from './module-object';
import type { SecureContext } from './secure-context';
import { TLSSocket, type TLSSocketOptions } from './tls-socket';

/** One of two ends: what is written to the one is read from the other, and waits until there is room. */
class End extends Duplex {
  declare other: End;
  /** Says to the writer at the other end that there is room again. */
  #wanted: (() => void) | null = null;

  override _read(): void {
    const wanted = this.#wanted;
    this.#wanted = null;
    wanted?.();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (chunk.length === 0) process.nextTick(done);
    else this.other.#receive(chunk, done);
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }

  #receive(chunk: Buffer, done: () => void): void {
    this.#wanted = done;
    this.push(chunk);
  }
}

export class SecurePair extends EventEmitter {
  readonly server: TLSSocketOptions['server'];
  readonly credentials: SecureContext;
  /** Ciphertext, both ways. */
  readonly encrypted: Duplex;
  readonly cleartext: TLSSocket;

  constructor(
    credentials = moduleObject().createSecureContext() as SecureContext,
    isServer = false,
    requestCert = !isServer,
    rejectUnauthorized = false,
    options: TLSSocketOptions = {},
  ) {
    super();
    const [encrypted, transport] = [new End(), new End()];
    encrypted.other = transport;
    transport.other = encrypted;
    const decisions = { isServer, requestCert, rejectUnauthorized };
    this.server = options.server;
    this.credentials = credentials;
    this.encrypted = encrypted;
    this.cleartext = new TLSSocket(transport, {
      secureContext: credentials,
      ...decisions,
      ...options,
    });
    this.cleartext.once('secure', () => this.emit('secure'));
  }

  destroy(): void {
    this.cleartext.destroy();
    this.encrypted.destroy();
  }
}

type Arguments = ConstructorParameters<typeof SecurePair>;

export const createSecurePair = deprecate(
  (...values: Arguments): SecurePair => new SecurePair(...values),
  'tls.createSecurePair() is deprecated. Please use tls.TLSSocket instead.',
  'DEP0064',
);
