/** The defaults that programs may assign on the module object, read anew at each use. */
import * as nodeTls from 'node:tls';

export interface Defaults {
  DEFAULT_CIPHERS: string;
  DEFAULT_ECDH_CURVE: string;
  DEFAULT_MIN_VERSION: nodeTls.SecureVersion;
  DEFAULT_MAX_VERSION: nodeTls.SecureVersion;
  CLIENT_RENEG_LIMIT: number;
  CLIENT_RENEG_WINDOW: number;
}

let current: Readonly<Defaults> = nodeTls;

/** The module object calls this once with itself. */
export function useDefaultsOf(moduleObject: Readonly<Defaults>): void {
  current = moduleObject;
}

export function defaults(): Readonly<Defaults> {
  return current;
}
