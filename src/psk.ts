/** From `pskCallback`, as users write it, to the callback that the handshake calls. */
import type { NativePskCallback } from './native';
import type { ClientPskCallback, LayerOptions, ServerPskCallback } from './option-types';
import { toError } from './rethrow';
import {
  invalidArgType,
  invalidArgValue,
  isBytes,
  toBytes,
  validateBytes,
  validateObject,
  validateString,
} from './validate';

type PskAnswer = ReturnType<NativePskCallback>;

function checkedKey(value: unknown, maxLength: number): Uint8Array {
  validateBytes(value, 'psk');
  if (value.byteLength > maxLength) {
    throw invalidArgValue('psk', value, `Pre-shared key exceeds ${maxLength} bytes`);
  }
  return toBytes(value);
}

function askServer(
  callback: ServerPskCallback,
  owner: unknown,
  identity: string,
  maxKey: number,
): PskAnswer {
  // Who owns the layer is known to the caller only, so the type of the option leaves it open.
  const answer: unknown = callback(owner as never, identity);
  if (answer === null || answer === undefined) return null;
  if (isBytes(answer)) return { psk: checkedKey(answer, maxKey) };
  if (typeof answer !== 'object') {
    throw invalidArgType(
      'ret',
      'of type object or an instance of Buffer, TypedArray, or DataView',
      answer,
    );
  }
  return { psk: checkedKey('psk' in answer ? answer.psk : undefined, maxKey) };
}

function askClient(
  callback: ClientPskCallback,
  hint: string | null,
  maxKey: number,
  maxIdentity: number,
): PskAnswer {
  const answer: unknown = callback(hint);
  if (answer === null || answer === undefined) return null;
  validateObject(answer, 'ret');
  const psk = checkedKey('psk' in answer ? answer.psk : undefined, maxKey);
  const identity: unknown = 'identity' in answer ? answer.identity : undefined;
  validateString(identity, 'identity');
  if (Buffer.byteLength(identity) > maxIdentity) {
    throw invalidArgValue('identity', identity, `PSK identity exceeds ${maxIdentity} bytes`);
  }
  return { psk, identity };
}

/**
 * Gives a layer its own way to ask: `LayerOptions` may be shared by all connections of a server, and the answer depends on
 * who asks. What goes wrong in the callback is kept in `pskError`, as it can't be thrown through the handshake.
 *
 * @param owner - what a server's callback gets as its first argument
 */
export function bindPsk(shared: LayerOptions, owner: unknown): LayerOptions {
  const { pskCallback } = shared;
  if (pskCallback === undefined) return shared;
  const own: LayerOptions = { ...shared, pskError: null };
  own.psk = (identity, maxKey, maxIdentity) => {
    try {
      return own.isServer
        ? askServer(pskCallback as ServerPskCallback, owner, identity ?? '', maxKey)
        : askClient(pskCallback as ClientPskCallback, identity, maxKey, maxIdentity);
    } catch (thrown) {
      own.pskError = toError(thrown);
      return null;
    }
  };
  return own;
}
