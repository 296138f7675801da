/** `connect` in all its forms. */
import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import { hostToFind } from '../options';
import { invalidArgType, validateNumber } from '../validate';
import { moduleObject } from './module-object';
import type { TLSSocketOptions } from './socket-options';
import { type SocketOwner, TLSSocket } from './tls-socket';

/** As `tls.ConnectionOptions`, with the options of a layer. */
export interface ConnectionOptions extends Omit<TLSSocketOptions, 'isServer' | 'server'> {
  host?: string | undefined;
  port?: number | string | undefined;
  path?: string | undefined;
  socket?: Duplex | undefined;
  timeout?: number | undefined;
  lookup?: net.LookupFunction | undefined;
  localAddress?: string | undefined;
}

type SecureListener = () => void;

function isPipeName(value: unknown): value is string {
  return typeof value === 'string' && !(Number(value) >= 0 && value.trim() !== '');
}

function addressOf(values: readonly unknown[]): ConnectionOptions {
  const [first, second] = values;
  if (typeof first === 'object' && first !== null) return { ...first };
  if (isPipeName(first)) return { path: first };
  const address: ConnectionOptions = { port: first as number | string | undefined };
  if (typeof second === 'string') address.host = second;
  return address;
}

/** Options that follow an address win over it. */
function normalize(values: readonly unknown[]): [ConnectionOptions, SecureListener | undefined] {
  const options = addressOf(values);
  const more = values.slice(1, 3).find((value) => typeof value === 'object' && value !== null);
  const listener = values.at(-1);
  return [
    Object.assign(options, more),
    typeof listener === 'function' ? (listener as SecureListener) : undefined,
  ];
}

let warned = false;

/** As the environment of `node:tls` decides, read at each call. */
function rejectsByDefault(): boolean {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return true;
  if (!warned) {
    warned = true;
    process.emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections " +
        'insecure by disabling certificate verification.',
    );
  }
  return false;
}

let warnedOfAddress = false;

function warnOfAddressAsName(servername: string): void {
  if (warnedOfAddress || net.isIP(servername) === 0) return;
  warnedOfAddress = true;
  process.emitWarning(
    'Setting the TLS ServerName to an IP address is not permitted by RFC 6066. This will be ignored in a future version.',
    'DeprecationWarning',
    'DEP0123',
  );
}

/** What `tls.createSecureContext()` is called with where the caller names nothing else. */
function withDefaults(given: ConnectionOptions): ConnectionOptions {
  const { DEFAULT_CIPHERS: ciphers, checkServerIdentity } = moduleObject();
  const rejectUnauthorized = rejectsByDefault();
  const options = { rejectUnauthorized, ciphers, checkServerIdentity, minDHSize: 1024, ...given };
  // What is given as `undefined` is not the default, which the environment may have turned off.
  return { ...options, rejectUnauthorized: options.rejectUnauthorized !== false };
}

/** The name that the certificate has to have. */
function expectedName(options: ConnectionOptions): string {
  const host = (options.socket as { _host?: string | null } | undefined)?._host;
  return options.servername || options.host || host || 'localhost';
}

/** Tells what the layer has found out about the server; who is to be rejected has been by then. */
const announcing: SocketOwner = {
  secure(socket) {
    const error = socket.verifyError;
    socket.accept(error === null, error, 'secureConnect');
  },
  failed: () => false,
};

/** Also of a resumed session: it may be one that was made for another name. */
function identityCheck(
  options: ConnectionOptions,
): Pick<TLSSocketOptions, 'checkIdentity' | 'hostToFind'> {
  const check = options.checkServerIdentity ?? moduleObject().checkServerIdentity;
  const name = expectedName(options);
  return {
    checkIdentity: (certificate) => check(name, certificate),
    hostToFind: hostToFind(options, name),
  };
}

function validate(options: ConnectionOptions): void {
  const { checkServerIdentity, minDHSize, pskCallback } = options;
  if (checkServerIdentity !== undefined && typeof checkServerIdentity !== 'function') {
    throw invalidArgType('options.checkServerIdentity', 'of type function', checkServerIdentity);
  }
  if (minDHSize !== undefined) {
    validateNumber(minDHSize, 'options.minDHSize', 1);
  }
  if (pskCallback !== undefined && typeof pskCallback !== 'function') {
    throw invalidArgType('pskCallback', 'of type function', pskCallback);
  }
}

export function connect(options: ConnectionOptions, listener?: SecureListener): TLSSocket;
export function connect(
  port: number | string,
  host?: string,
  options?: ConnectionOptions,
  listener?: SecureListener,
): TLSSocket;
export function connect(
  port: number | string,
  options?: ConnectionOptions,
  listener?: SecureListener,
): TLSSocket;
/**
 * As `tls.connect()`: connects, or takes `options.socket`, and starts one layer of TLS on the connection. `'secureConnect'`
 * is emitted once the server is verified.
 */
export function connect(...values: unknown[]): TLSSocket {
  const [given, listener] = normalize(values);
  const options = withDefaults(given);
  validate(options);
  const secureContext = options.secureContext ?? moduleObject().createSecureContext(options);
  if (options.servername) warnOfAddressAsName(options.servername);
  const socket = new TLSSocket(options.socket, { ...layerPart(options), secureContext });
  socket.ownedBy(announcing, options);
  if (listener !== undefined) socket.once('secureConnect', listener);
  if (options.socket === undefined) open(socket, options);
  return socket;
}

/** Options that mean something else to the layer than to the connection are left out. */
function layerPart(options: ConnectionOptions): TLSSocketOptions {
  const { socket: _socket, ...rest } = options;
  return { ...rest, isServer: false, ...identityCheck(options) };
}

function open(socket: TLSSocket, options: ConnectionOptions): void {
  const { onread: _onread, allowHalfOpen: _half, signal: _signal, ...address } = options;
  if (options.timeout) socket.setTimeout(options.timeout);
  passOnAttempts(socket);
  socket.connect(address);
}

const ATTEMPT_EVENTS = [
  'connectionAttempt',
  'connectionAttemptFailed',
  'connectionAttemptTimeout',
] as const;

/** What a `net.Socket` tells while it tries the addresses of a host. */
function passOnAttempts(socket: TLSSocket): void {
  for (const event of ATTEMPT_EVENTS) {
    socket.transport.on(event, (...values: unknown[]) => socket.emit(event, ...values));
  }
}
