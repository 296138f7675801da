/**
 * `onion-tls/tls`: in the place of `node:tls`. The exports are plain properties that can be assigned, as those of
 * `node:tls`; what is not about connections is answered by Node itself.
 */
import * as nodeTls from 'node:tls';
import { convertALPNProtocols as convertImplementation } from './alpn';
import { callable } from './callable';
import { connect as connectImplementation } from './connect';
import { type ModuleObject, useModuleObject } from './module-object';
import {
  createSecureContext as createContextImplementation,
  SecureContext as SecureContextImplementation,
} from './secure-context';
import { createSecurePair as createPairImplementation } from './secure-pair';
import {
  createServer as createServerImplementation,
  Server as ServerImplementation,
} from './server';
import { TLSSocket as TLSSocketImplementation } from './tls-socket';

export type { ConnectionOptions } from './connect';
export type { SecureContextOptions } from './secure-context';
export type { ConnectionListener, ServerOptions } from './server';
export type { TLSSocketOptions } from './tls-socket';

export const connect = connectImplementation;
export const createServer = createServerImplementation;
export const createSecureContext = createContextImplementation;

export const TLSSocket = TLSSocketImplementation;
export type TLSSocket = TLSSocketImplementation;
export const Server = callable(ServerImplementation);
export type Server = ServerImplementation;
export const SecureContext = callable(SecureContextImplementation);
export type SecureContext = SecureContextImplementation;

export const checkServerIdentity = nodeTls.checkServerIdentity;
export const getCiphers = nodeTls.getCiphers;
// A getter, as in `node:tls`: making the array takes a while.
export { rootCertificates } from 'node:tls';

export const convertALPNProtocols = convertImplementation;
/** From Node 22.15 on. */
export const getCACertificates = nodeTls.getCACertificates;
/** From Node 22.19 on. */
export const setDefaultCACertificates = nodeTls.setDefaultCACertificates;

/** Until Node 22. */
export const createSecurePair =
  'createSecurePair' in nodeTls ? createPairImplementation : (undefined as never);

// biome-ignore-start lint/style/useConst: programs may assign them, also by the types
export let DEFAULT_CIPHERS = nodeTls.DEFAULT_CIPHERS;
export let DEFAULT_ECDH_CURVE = nodeTls.DEFAULT_ECDH_CURVE;
export let DEFAULT_MIN_VERSION = nodeTls.DEFAULT_MIN_VERSION;
export let DEFAULT_MAX_VERSION = nodeTls.DEFAULT_MAX_VERSION;
export let CLIENT_RENEG_LIMIT = nodeTls.CLIENT_RENEG_LIMIT;
export let CLIENT_RENEG_WINDOW = nodeTls.CLIENT_RENEG_WINDOW;
// biome-ignore-end lint/style/useConst: programs may assign them, also by the types

const own = exports as Record<string, unknown>;
for (const name of ['getCACertificates', 'setDefaultCACertificates', 'createSecurePair']) {
  if (own[name] === undefined) delete own[name];
}
useModuleObject(exports as ModuleObject);

// `import tls from 'onion-tls/tls'`, compiled to CommonJS, reads `default` of what looks like an ES module.
Object.defineProperty(exports, 'default', { value: exports });
