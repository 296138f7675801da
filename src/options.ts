/** From the options of `startTLS` to those of a layer. Whatever is wrong with them is thrown from here. */
import { isIP } from 'node:net';
import tls from 'node:tls';
import { CONTEXT_OPTION_NAMES, type SecureContextOptions } from './context-options';
import { EngineFlag, type NativeEngineExtras, VerifyMode } from './native';
import {
  DEFAULT_HANDSHAKE_TIMEOUT,
  DEFAULT_MAX_HANDSHAKE_BYTES,
  DEFAULT_MIN_DH_SIZE,
  type LayerBehaviour,
  type LayerOptions,
  MAX_INT32,
  parseLeftover,
  refuseTwoWaysOfAlpn,
  wireProtocols,
} from './option-types';
import { bindPsk } from './psk';
import { contextForRole, SecureContext } from './secure-context';
import {
  invalidArgType,
  invalidArgValue,
  optionalBoolean,
  optionalChoice,
  optionalFunction,
  optionalInteger,
  optionalSignal,
  toBytes,
  typeErrorWithCode,
  validateBytes,
  validateObject,
  validateString,
} from './validate';

export {
  type LayerOptions,
  type OnionSocketOptions,
  type OnRead,
  parseSocketOptions,
  parseStopTLSOptions,
  type SocketOptions,
  type StopOptions,
  type StopTLSOptions,
  wireProtocols,
} from './option-types';

/** The options of `startTLS`: a context, made by `createSecureContext` or described inline, and how the layer behaves. */
export interface StartTLSOptions
  extends Omit<SecureContextOptions, 'ALPNCallback'>,
    LayerBehaviour {
  /** Made by `createSecureContext`. Not together with options that describe a context, such as `key`. */
  secureContext?: SecureContext | undefined;
}

/** Programs may put their own in its place, which then has to be asked. */
const NODE_CHECK = tls.checkServerIdentity;

type OptionName = keyof StartTLSOptions;

const SERVER_ONLY: ReadonlySet<string> = new Set<OptionName>([
  'SNICallback',
  'ALPNCallback',
  'requestCert',
  'pskIdentityHint',
]);
const CLIENT_ONLY: ReadonlySet<string> = new Set<OptionName>([
  'checkServerIdentity',
  'requestOCSP',
  'session',
  'minDHSize',
]);
const OF_CONTEXT: ReadonlySet<string> = new Set<OptionName>(CONTEXT_OPTION_NAMES);

/** Goes through the few options that are given and not through the many that could be: an absent one is slow to find. */
function refuseMisplaced(options: StartTLSOptions, isServer: boolean): void {
  const ofOtherRole = isServer ? CLIENT_ONLY : SERVER_ONLY;
  const hasContext = options.secureContext !== undefined;
  for (const name in options) {
    if (ofOtherRole.has(name)) refuseOtherRole(options, name as OptionName, isServer);
    if (hasContext && OF_CONTEXT.has(name)) refuseSecondContext(options, name as OptionName);
  }
}

function refuseOtherRole(options: StartTLSOptions, name: OptionName, isServer: boolean): void {
  const value = options[name];
  if (value === undefined || value === null || value === false) return;
  const role = isServer ? 'client' : 'server';
  throw invalidArgValue(`options.${name}`, value, `is for ${role} layers only`);
}

function refuseSecondContext(options: StartTLSOptions, name: OptionName): void {
  if (options[name] === undefined) return;
  throw typeErrorWithCode(
    'ERR_INVALID_ARG_VALUE',
    `The properties 'options.secureContext' and 'options.${name}' exclude each other: ` +
      `pass '${name}' to createSecureContext()`,
  );
}

function refuseOtherContext(options: StartTLSOptions): void {
  if (options.secureContext === undefined) return;
  if (!(options.secureContext instanceof SecureContext)) {
    throw invalidArgType(
      'options.secureContext',
      'an instance of SecureContext, made by createSecureContext() of onion-tls',
      options.secureContext,
    );
  }
}

/** A server that can't prove who it is would refuse every client. */
function refuseServerWithoutIdentity(options: StartTLSOptions): void {
  const { secureContext, cert, pfx, SNICallback, pskCallback, ciphers } = options;
  if (secureContext ?? (cert || pfx || SNICallback || pskCallback || ciphers)) return;
  throw typeErrorWithCode(
    'ERR_INVALID_ARG_VALUE',
    "A server layer needs an identity: pass 'key' and 'cert', 'pfx', 'secureContext', " +
      "'SNICallback' or 'pskCallback'",
  );
}

/** Bytes that OpenSSL sends of a name (SSL_set_tlsext_host_name(3)); names in DNS are shorter. */
const MAX_HOST_NAME = 255;

function servernameOf(options: StartTLSOptions): string | undefined {
  const { servername } = options;
  if (servername === undefined) return undefined;
  validateString(servername, 'options.servername');
  if (servername.includes('\0')) throw invalidArgValue('options.servername', servername);
  if (Buffer.byteLength(servername) > MAX_HOST_NAME)
    throw invalidArgValue('options.servername', servername, 'must not be longer than 255 bytes');
  return servername === '' ? undefined : servername;
}

/** Design rule: whom to expect has to be said, as a layer can't take it from the connection below. */
function identityCheck(
  options: StartTLSOptions,
  servername: string | undefined,
  rejectUnauthorized: boolean,
): LayerOptions['checkIdentity'] {
  const check = optionalFunction(options.checkServerIdentity, 'options.checkServerIdentity');
  if (servername === undefined && check === undefined) {
    if (!rejectUnauthorized) return null;
    throw typeErrorWithCode(
      'ERR_INVALID_ARG_VALUE',
      "A client layer needs to know whom to expect: pass 'servername' (the host name or IP address in the " +
        "peer's certificate), 'checkServerIdentity', or 'rejectUnauthorized: false' to accept anybody",
    );
  }
  const verify = check ?? tls.checkServerIdentity;
  return (certificate) => verify(servername ?? '', certificate);
}

/** What can be compared without Node's rules for other forms of names: IDNA, a leading or a trailing dot. */
const PLAIN_HOST = /^[0-9a-z_-]([0-9a-z_.:-]*[0-9a-z_-])?$/i;

/** The name that OpenSSL may look for ahead of Node's own check; null where the check is another one. */
export function hostToFind(
  options: Pick<StartTLSOptions, 'checkServerIdentity'>,
  servername: string | undefined,
): string | null {
  const check = options.checkServerIdentity ?? tls.checkServerIdentity;
  if (check !== NODE_CHECK || servername === undefined) return null;
  return PLAIN_HOST.test(servername) ? servername : null;
}

export function verifyModeOf(isServer: boolean, requestCert: boolean, reject: boolean): VerifyMode {
  if (isServer && !requestCert) return VerifyMode.none;
  return reject ? VerifyMode.enforce : VerifyMode.record;
}

/** The default is the first. */
const UNREAD = ['feed', 'reject'] as const;

function handshakeTimeoutOf({ handshakeTimeout }: StartTLSOptions): number {
  const name = 'options.handshakeTimeout';
  return optionalInteger(handshakeTimeout, name, DEFAULT_HANDSHAKE_TIMEOUT, 1, MAX_INT32);
}

function maxHandshakeBytesOf({ maxHandshakeBytes }: StartTLSOptions): number {
  const name = 'options.maxHandshakeBytes';
  return optionalInteger(maxHandshakeBytes, name, DEFAULT_MAX_HANDSHAKE_BYTES, 1024, MAX_INT32);
}

function minDHSizeOf({ minDHSize }: StartTLSOptions): number {
  return optionalInteger(minDHSize, 'options.minDHSize', DEFAULT_MIN_DH_SIZE, 1, MAX_INT32);
}

function sessionOf(options: StartTLSOptions): Uint8Array | undefined {
  if (options.session === undefined || options.session === null) return undefined;
  validateBytes(options.session, 'options.session');
  return toBytes(options.session);
}

/**
 * Checks the options, fills in the defaults and makes the context where it is described inline.
 *
 * @throws TypeError `ERR_INVALID_ARG_TYPE`, `ERR_INVALID_ARG_VALUE` and others of Node's codes; RangeError
 *   `ERR_OUT_OF_RANGE`
 * @throws TLSError for a key, a certificate or a cipher list that OpenSSL refuses
 */
export function parseStartTLSOptions(options: StartTLSOptions): LayerOptions {
  validateObject(options, 'options');
  const isServer = optionalBoolean(options.isServer, 'options.isServer');
  refuseOtherContext(options);
  refuseMisplaced(options, isServer);
  if (isServer) refuseServerWithoutIdentity(options);
  const layer = layerOptionsOf(options, isServer);
  if (layer.verify !== VerifyMode.none) layer.secureContext.prepareToVerify();
  return bindPsk(layer, undefined);
}

/** One literal, without spreads: this is done for each layer of each connection. */
function layerOptionsOf(options: StartTLSOptions, isServer: boolean): LayerOptions {
  const requestCert = optionalBoolean(options.requestCert, 'options.requestCert');
  const rejects = optionalBoolean(options.rejectUnauthorized, 'options.rejectUnauthorized', true);
  const servername = isServer ? undefined : servernameOf(options);
  const hostIsIP = servername !== undefined && isIP(servername) !== 0;
  const ALPNCallback = optionalFunction(options.ALPNCallback, 'options.ALPNCallback');
  const SNICallback = optionalFunction(options.SNICallback, 'options.SNICallback');
  const maxHandshakeBytes = maxHandshakeBytesOf(options);
  refuseTwoWaysOfAlpn(options.ALPNProtocols, ALPNCallback);
  return {
    isServer,
    allowPeerStop: optionalBoolean(options.allowPeerStop, 'options.allowPeerStop'),
    requireCloseNotify: optionalBoolean(
      options.requireCloseNotify,
      'options.requireCloseNotify',
      true,
    ),
    offloadHandshake: optionalBoolean(options.offloadHandshake, 'options.offloadHandshake'),
    requestOCSP: optionalBoolean(options.requestOCSP, 'options.requestOCSP'),
    enableTrace: optionalBoolean(options.enableTrace, 'options.enableTrace'),
    requestCert,
    rejectUnauthorized: rejects,
    verify: verifyModeOf(isServer, requestCert, rejects),
    unread: optionalChoice(options.unread, 'options.unread', UNREAD),
    servername,
    sniName: hostIsIP ? undefined : servername,
    hostIsIP,
    hostToFind: isServer ? null : hostToFind(options, servername),
    checkIdentity: isServer ? null : identityCheck(options, servername, rejects),
    ALPNCallback,
    alpn: wireProtocols(options.ALPNProtocols),
    SNICallback,
    asksAboutClientHello: SNICallback !== undefined || ALPNCallback !== undefined,
    handshakeTimeout: handshakeTimeoutOf(options),
    maxHandshakeBytes,
    leftover: parseLeftover(options.leftover, maxHandshakeBytes),
    minDHSize: minDHSizeOf(options),
    session: sessionOf(options),
    signal: optionalSignal(options.signal, 'options.signal'),
    renegotiation: false,
    helloSources: undefined,
    pskCallback: optionalFunction(options.pskCallback, 'options.pskCallback'),
    psk: undefined,
    pskError: null,
    // Last: what is wrong with the others is told without reading keys.
    secureContext: options.secureContext ?? contextForRole(options, isServer),
  };
}

/** What the engine of a layer does, as bits. */
export function engineFlagsOf(options: LayerOptions): number {
  const { isServer } = options;
  const asksAboutPeer = options.rejectUnauthorized && options.checkIdentity !== null;
  let flags = 0;
  if (isServer) flags |= EngineFlag.isServer;
  if (isServer && options.asksAboutClientHello) flags |= EngineFlag.pauseOnClientHello;
  if (!isServer && asksAboutPeer) flags |= EngineFlag.pauseOnVerify;
  if (options.hostToFind !== null) flags |= EngineFlag.findsName;
  if (options.sniName !== undefined) flags |= EngineFlag.sendsName;
  if (options.hostIsIP) flags |= EngineFlag.nameIsIP;
  if (options.offloadHandshake && options.psk === undefined) flags |= EngineFlag.offload;
  if (options.renegotiation) flags |= EngineFlag.renegotiation;
  if (options.requestOCSP) flags |= EngineFlag.requestOCSP;
  return flags;
}

/** What only some engines are given. */
export function engineExtrasOf({ alpn, session, psk }: LayerOptions): NativeEngineExtras | null {
  if (alpn === undefined && session === undefined && psk === undefined) return null;
  return { alpn, session, psk };
}
