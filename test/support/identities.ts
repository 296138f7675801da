/** Each layer of a test has an authority, a certificate and a name of its own, so that mixed-up layers are seen. */
import type { StartTLSOptions } from '../../src';
import {
  type Authority,
  createAuthority,
  type Identity,
  type KeyType,
} from '../../src/cli/certificates';

/** RSA keys take long to make: tests that want one say so. */
const KEY_TYPES: readonly KeyType[] = ['ec-p256', 'ed25519', 'ec-p384'];

export interface LevelIdentity {
  readonly authority: Authority;
  readonly server: Identity;
  readonly client: Identity;
  readonly servername: string;
}

export interface LayerPair {
  client: StartTLSOptions;
  server: StartTLSOptions;
}

const levels = new Map<string, LevelIdentity>();

/** @param level - 1 is the outermost layer */
export function identityOf(level: number, keyType?: KeyType): LevelIdentity {
  const type = keyType ?? (KEY_TYPES[(level - 1) % KEY_TYPES.length] as KeyType);
  const known = levels.get(`${level} ${type}`);
  if (known !== undefined) return known;
  const servername = `layer${level}.test`;
  const authority = createAuthority({ name: `authority of layer ${level}` });
  const made: LevelIdentity = {
    authority,
    servername,
    server: authority.issue({ name: servername, keyType: type }),
    client: authority.issue({ name: `client of layer ${level}`, isClient: true, altNames: [] }),
  };
  levels.set(`${level} ${type}`, made);
  return made;
}

export function serverOptions(level: number, extra: StartTLSOptions = {}): StartTLSOptions {
  const { server } = identityOf(level);
  return { isServer: true, key: server.key, cert: server.cert, ...extra };
}

export function clientOptions(level: number, extra: StartTLSOptions = {}): StartTLSOptions {
  const { authority, servername } = identityOf(level);
  return { ca: authority.cert, servername, ...extra };
}

/** The options of both sides of one layer. */
export function layerPair(
  level: number,
  extra: { client?: StartTLSOptions; server?: StartTLSOptions; both?: StartTLSOptions } = {},
): LayerPair {
  return {
    client: clientOptions(level, { ...extra.both, ...extra.client }),
    server: serverOptions(level, { ...extra.both, ...extra.server }),
  };
}

/** The levels 1 to `depth`. */
export function levelsTo(depth: number): number[] {
  return Array.from({ length: depth }, (_, index) => index + 1);
}
