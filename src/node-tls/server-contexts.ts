/** The contexts that a server has been given by `addContext`. */
import type { SNICallbackResult } from '../option-types';
import type { SecureContext } from '../secure-context';

/** `*` stands for anything but a dot: one label. */
function patternOf(servername: string): RegExp {
  const escaped = servername.replace(/[.^$+?\-\\[\]{}]/g, '\\$&').replace(/\*/g, '[^.]*');
  return new RegExp(`^${escaped}$`, 'i');
}

export class ContextsByName {
  readonly #contexts: { pattern: RegExp; context: SecureContext }[] = [];

  get isEmpty(): boolean {
    return this.#contexts.length === 0;
  }

  add(servername: string, context: SecureContext): void {
    this.#contexts.push({ pattern: patternOf(servername), context });
  }

  /** An SNICallback: of several that match, the one that was added last. */
  readonly callback = (servername: string, done: SNICallbackResult): void => {
    done(null, this.#contexts.findLast(({ pattern }) => pattern.test(servername))?.context);
  };
}
