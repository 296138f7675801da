/** From the options of `new TLSSocket()` to the layer that it starts. */
import { isIP } from 'node:net';
import type { NativeClientHello, NativeClientHelloAnswer } from '../native';
import type { LayerBehaviour } from '../option-types';
import { type LayerOptions, parseStartTLSOptions, type StartTLSOptions } from '../options';
import type { SecureContext as LayerContext } from '../secure-context';
import { protocolsOf } from './alpn';
import type { SecureContextOptions } from './secure-context';
import { createSecureContext, requireSecureContext } from './secure-context';
import type { Server } from './server';

/** The longest that a timer can wait: the client of `node:tls` has no limit of its own. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

export type ClientHelloHandler = (
  hello: NativeClientHello,
  layer: unknown,
) => Promise<NativeClientHelloAnswer>;

/** The options of `new TLSSocket()`, as in `node:tls`, and those of a layer. */
export interface TLSSocketOptions
  extends Omit<SecureContextOptions, 'ALPNCallback'>,
    Omit<LayerBehaviour, 'rejectUnauthorized'> {
  secureContext?: LayerContext | undefined;
  server?: Server | undefined;
  rejectUnauthorized?: boolean | null | undefined;
  allowHalfOpen?: boolean | undefined;
  highWaterMark?: number | undefined;
  pauseOnConnect?: boolean | undefined;
  maxDepth?: number | undefined;
  onread?: unknown;
  /** What `connect()` checks the server with; a client made by hand accepts anybody. */
  checkIdentity?: LayerOptions['checkIdentity'] | undefined;
  /** The name that `checkIdentity` looks for, where it is Node's own check. */
  hostToFind?: string | null | undefined;
  /** What the server's listeners have to say about a ClientHello. */
  onClientHello?: ClientHelloHandler | undefined;
}

/** Falsy and wrongly typed values count as absent where `node:tls` does not look at them. */
function present<T extends object>(options: T): T {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined && value !== null),
  ) as T;
}

function clientOptions(options: TLSSocketOptions): StartTLSOptions {
  const { servername, requestOCSP, minDHSize } = options;
  return present({
    servername: typeof servername === 'string' ? servername : undefined,
    requestOCSP: requestOCSP === true ? true : undefined,
    minDHSize,
    // Stands for `checkIdentity`, which is not an option of layers.
    checkServerIdentity: () => undefined,
    handshakeTimeout: NO_TIMEOUT_MS,
  });
}

/** The callbacks of a server are called as methods of the socket. */
function serverOptions(options: TLSSocketOptions, socket: object): StartTLSOptions {
  const { requestCert, SNICallback, ALPNCallback, handshakeTimeout } = options;
  return present({
    requestCert: requestCert === true,
    SNICallback: SNICallback?.bind(socket),
    ALPNCallback: typeof ALPNCallback === 'function' ? ALPNCallback.bind(socket) : undefined,
    handshakeTimeout: handshakeTimeout || NO_TIMEOUT_MS,
  });
}

/** The layer of a `TLSSocket`. A client that is made by hand records what is wrong with its peer, and goes on. */
export function layerOf(options: TLSSocketOptions, socket: object): LayerOptions {
  const isServer = options.isServer === true;
  const secureContext = requireSecureContext(
    options.secureContext ?? createSecureContext(options),
    'options.secureContext',
  );
  const { checkIdentity = null } = options;
  const verifies = isServer ? options.requestCert === true : checkIdentity !== null;
  const rejects = verifies && options.rejectUnauthorized !== false;
  const layer = parseStartTLSOptions({
    ...(isServer ? serverOptions(options, socket) : clientOptions(options)),
    ...present({
      ALPNProtocols: protocolsOf(options.ALPNProtocols),
      pskCallback: options.pskCallback,
      allowPeerStop: options.allowPeerStop,
      maxHandshakeBytes: options.maxHandshakeBytes,
      offloadHandshake: options.offloadHandshake,
      leftover: options.leftover,
    }),
    isServer,
    secureContext,
    rejectUnauthorized: rejects,
    requireCloseNotify: options.requireCloseNotify ?? false,
  });
  layer.checkIdentity = checkIdentity;
  layer.hostToFind = options.hostToFind ?? null;
  layer.hostIsIP = isIP(layer.hostToFind ?? '') !== 0;
  layer.renegotiation = true;
  if (options.onClientHello !== undefined) {
    layer.onClientHello = options.onClientHello;
    layer.asksAboutClientHello = true;
  }
  return layer;
}

/** The name that a client sends, none for an IP address (RFC 6066 §3). */
export function sniName(name: string): string | undefined {
  return name !== '' && isIP(name) === 0 ? name : undefined;
}
