import * as nodeTls from 'node:tls';
import { wireProtocols } from '../option-types';
import { moduleObject } from './module-object';

/** Missing in the types of Node. */
interface Converter {
  convertALPNProtocols(protocols: unknown, out: { ALPNProtocols?: Buffer }): void;
}

export const { convertALPNProtocols } = nodeTls as unknown as Converter;

/**
 * Protocols in wire format, from names or bytes; anything else counts as none, as in `node:tls`.
 *
 * @throws TypeError, RangeError with Node's codes for names that are too long, or bytes that are not in wire format
 */
export function protocolsOf(protocols: unknown): Buffer | undefined {
  const out: { ALPNProtocols?: Buffer } = {};
  moduleObject().convertALPNProtocols(protocols, out);
  return wireProtocols(out.ALPNProtocols);
}
