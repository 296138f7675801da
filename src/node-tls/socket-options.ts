/** From the options of `new TLSSocket()` to the layer that it starts. */
import { isIP, type Server } from 'node:net';
import type { LayerBehaviour } from '../option-types';
import { type LayerOptions, parseStartTLSOptions, type StartTLSOptions } from '../options';
import type { SecureContext as LayerContext } from '../secure-context';
import { invalidArgType } from '../validate';
import { protocolsOf } from './alpn';
import { tracesByDefault } from './command-line';
import { moduleObject } from './module-object';
import { ownContext } from './node-context';
import type { SecureContextOptions } from './secure-context';
import { requireSecureContext } from './secure-context';
import { sourcesOf } from './server-hello';

type SNICallback = NonNullable<LayerBehaviour['SNICallback']>;

/** The longest that a timer can wait: the client of `node:tls` has no limit of its own. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;

/** The options of `new TLSSocket()`, as in `node:tls`, and those of a layer. */
export interface TLSSocketOptions
  extends Omit<SecureContextOptions, 'ALPNCallback'>,
    Omit<LayerBehaviour, 'rejectUnauthorized'> {
  secureContext?: LayerContext | undefined;
  /** Whose listeners are asked about sessions and OCSP responses. */
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
}

/** A callback that is not there may be anything falsy. */
function callback<T>(value: T, name: string): NonNullable<T> | undefined {
  if (!value) return undefined;
  if (typeof value !== 'function') throw invalidArgType(name, 'of type function', value);
  return value;
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
    requestOCSP: Boolean(requestOCSP),
    minDHSize,
    // Stands for `checkIdentity`, which is not an option of layers.
    checkServerIdentity: () => undefined,
    handshakeTimeout: NO_TIMEOUT_MS,
  });
}

/** Its answer may be what programs find in `context` of ours. */
function takingNodeContexts(callback: SNICallback): SNICallback {
  return (servername, done) => {
    callback(servername, (error, context) => done(error, ownContext(context) as LayerContext));
  };
}

/** The callbacks of a server are called as methods of the socket. */
function serverOptions(options: TLSSocketOptions, socket: object): StartTLSOptions {
  const SNICallback = callback(options.SNICallback, 'options.SNICallback');
  const ALPNCallback = callback(options.ALPNCallback, 'options.ALPNCallback');
  return present({
    requestCert: Boolean(options.requestCert),
    SNICallback: SNICallback && takingNodeContexts(SNICallback.bind(socket)),
    ALPNCallback: ALPNCallback?.bind(socket),
    handshakeTimeout: options.handshakeTimeout || NO_TIMEOUT_MS,
  });
}

/** The layer of a `TLSSocket`. One that is made by hand records what is wrong with its peer, and goes on. */
export function layerOf(options: TLSSocketOptions, socket: object): LayerOptions {
  const isServer = Boolean(options.isServer);
  const secureContext = requireSecureContext(
    options.secureContext || moduleObject().createSecureContext(options),
    'context',
  );
  const { checkIdentity = null } = options;
  const verifies = isServer ? Boolean(options.requestCert) : checkIdentity !== null;
  const rejects = verifies && Boolean(options.rejectUnauthorized);
  const layer = parseStartTLSOptions({
    ...(isServer ? serverOptions(options, socket) : clientOptions(options)),
    ...present({
      ALPNProtocols: protocolsOf(options.ALPNProtocols),
      pskCallback: callback(options.pskCallback, 'pskCallback'),
      allowPeerStop: options.allowPeerStop,
      maxHandshakeBytes: options.maxHandshakeBytes,
      offloadHandshake: options.offloadHandshake,
      leftover: options.leftover,
      enableTrace: options.enableTrace ?? tracesByDefault(),
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
  layer.helloSources = isServer && options.server ? sourcesOf(options.server) : undefined;
  layer.asksAboutClientHello ||= layer.helloSources !== undefined;
  return layer;
}

/** The name that a client sends, none for an IP address (RFC 6066 §3). */
export function sniName(name: string): string | undefined {
  return name !== '' && isIP(name) === 0 ? name : undefined;
}
