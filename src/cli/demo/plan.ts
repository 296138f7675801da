/**
 * What the demo will do, worked out before the connection is there: the layers,
 * each with an authority, a key and a cipher of its own, and who takes it off.
 */
import type { StartTLSOptions } from '../../index';
import { createAuthority, type KeyType } from '../certificates';

/** The two ends of the TCP connection. The connecting one is the TLS client of every layer. */
export type End = 'connecting' | 'listening';

/** Plain data, because it is sent to the process of the listening end. */
export interface EndPlan {
  readonly layers: readonly LayerPlan[];
  /** Bytes that each end sends at every depth on the way in. */
  readonly bytes: number;
  /** The same on the way out. */
  readonly bytesOut: number;
}

export interface LayerPlan {
  readonly options: StartTLSOptions;
  /** This end calls `stopTLS`; else the other one does, and this one lets it. */
  readonly stopsHere: boolean;
}

interface Flavour {
  readonly keyType: KeyType;
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  readonly ciphers: string;
}

/** Layer 1 takes the first, and so on round. */
const FLAVOURS: readonly Flavour[] = [
  { keyType: 'ec-p256', version: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' },
  { keyType: 'rsa-2048', version: 'TLSv1.2', ciphers: 'ECDHE-RSA-AES256-GCM-SHA384' },
  { keyType: 'ed25519', version: 'TLSv1.3', ciphers: 'TLS_CHACHA20_POLY1305_SHA256' },
  { keyType: 'ec-p384', version: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256' },
  { keyType: 'ec-p521', version: 'TLSv1.3', ciphers: 'TLS_AES_256_GCM_SHA384' },
];

const HANDSHAKE_TIMEOUT = 30_000;

/** The plans of both ends. Private keys are only in that of the listening one. */
export function createPlans(depth: number, bytes: number, bytesOut: number): Record<End, EndPlan> {
  const layers = Array.from({ length: depth }, (_, below) => planLayer(below + 1));
  const of = (end: End): EndPlan => ({
    layers: layers.map((layer) => layer[end]),
    bytes,
    bytesOut,
  });
  return { connecting: of('connecting'), listening: of('listening') };
}

function planLayer(number: number): Record<End, LayerPlan> {
  const { keyType, version, ciphers } = FLAVOURS[(number - 1) % FLAVOURS.length] as Flavour;
  const authority = createAuthority({ name: `onion-tls demo: authority of layer ${number}` });
  const servername = `layer-${number}.demo.test`;
  const { key, cert } = authority.issue({ name: servername, keyType, days: 1 });
  // Odd layers are stopped by the connecting end, even ones by the listening end.
  const stopper: End = number % 2 === 1 ? 'connecting' : 'listening';
  const common = {
    ciphers,
    minVersion: version,
    maxVersion: version,
    handshakeTimeout: HANDSHAKE_TIMEOUT,
  };
  const layer = (end: End, own: StartTLSOptions): LayerPlan => {
    const stopsHere = stopper === end;
    return { stopsHere, options: { ...common, ...own, allowPeerStop: !stopsHere } };
  };
  return {
    connecting: layer('connecting', { ca: authority.cert, servername }),
    listening: layer('listening', { isServer: true, key, cert }),
  };
}
