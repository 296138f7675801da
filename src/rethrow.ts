import { types } from 'node:util';

/**
 * For what a listener or another callback of the application throws: it ends up where it would have, as an uncaught
 * exception, but not on the way through us, where bytes and operations at hand would be lost with it.
 */
export function rethrowLater(thrown: unknown): void {
  process.nextTick(rethrow, thrown);
}

function rethrow(thrown: unknown): never {
  throw thrown;
}

export function isError(value: unknown): value is Error {
  // One of another realm (Jest, node:vm) is an Error too, and so is what only inherits from Error.
  return types.isNativeError(value) || value instanceof Error;
}

/** What a callback throws, or gives as an error, may be anything. */
export function toError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(String(thrown));
}
