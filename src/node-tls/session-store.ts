import type { EventEmitter } from 'node:events';

export interface SessionStoreOwner {
  /** Nothing may be sent until `released`. */
  held(): void;
  released(): void;
  /** The handshake, which was done before, may be told of. */
  stored(): void;
  expired(): void;
}

/**
 * The sessions of a server's connection that its `'newSession'` listeners have not answered for. What the client needs to
 * use one of them is not sent before, and the handshake is not told of: a store must know each session that a client has.
 */
export class SessionStore {
  readonly #owner: SessionStoreOwner;
  #pending = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(owner: SessionStoreOwner) {
    this.#owner = owner;
  }

  tell(server: EventEmitter | undefined, id: Buffer, session: Buffer): void {
    let isDone = false;
    const done = (): void => {
      if (isDone) return;
      isDone = true;
      this.#pending -= 1;
      if (this.#pending === 0) this.#answered();
    };
    this.#pending += 1;
    this.#owner.held();
    if (!server?.emit('newSession', id, session, done)) done();
  }

  /** The handshake is done; whether it has to wait, for so many milliseconds at most. */
  delays(ms: number): boolean {
    if (this.#pending === 0) return false;
    this.#timer = setTimeout(() => this.#owner.expired(), ms).unref();
    return true;
  }

  #answered(): void {
    this.#owner.released();
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#owner.stored();
  }
}
