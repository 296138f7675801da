/** What programs may replace on the module object, read anew at each use: defaults, and functions that others call. */
import type * as nodeTls from 'node:tls';
import type { SecureContext, SecureContextOptions } from '../secure-context';

export interface ModuleObject {
  DEFAULT_CIPHERS: string;
  DEFAULT_ECDH_CURVE: string;
  DEFAULT_MIN_VERSION: nodeTls.SecureVersion;
  DEFAULT_MAX_VERSION: nodeTls.SecureVersion;
  CLIENT_RENEG_LIMIT: number;
  CLIENT_RENEG_WINDOW: number;
  createSecureContext(options?: SecureContextOptions | null): SecureContext;
  checkServerIdentity: typeof nodeTls.checkServerIdentity;
  convertALPNProtocols(protocols: unknown, out: { ALPNProtocols?: Buffer }): void;
}

let current: Readonly<ModuleObject>;

/** The module object calls this once with itself, before anything else can be called. */
export function useModuleObject(moduleObject: Readonly<ModuleObject>): void {
  current = moduleObject;
}

export function moduleObject(): Readonly<ModuleObject> {
  return current;
}
