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
