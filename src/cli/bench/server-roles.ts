import type { Duplex } from 'node:stream';
import type { ServerRole } from './model';
import type { Handler } from './stack';

const ONE_BYTE = Buffer.from('.');

/** What all connections of one server have in common. */
export class ServerState {
  /** Bytes after which a sink answers with one byte. */
  expected = Number.POSITIVE_INFINITY;
}

/** Makes what serves one connection. */
export function createHandler(role: ServerRole, state: ServerState): Handler {
  switch (role) {
    case 'sink':
      return new Sink(state);
    case 'echo':
      return new Echo();
    case 'greet':
      return { ready: (socket) => socket.write(ONE_BYTE), receive: ignore };
    case 'hold':
      return { ready: ignore, receive: ignore };
  }
}

class Sink implements Handler {
  readonly #state: ServerState;
  #socket: Duplex | undefined;
  #received = 0;

  constructor(state: ServerState) {
    this.#state = state;
  }

  ready(socket: Duplex): void {
    this.#socket = socket;
  }

  receive(chunk: Uint8Array): void {
    this.#received += chunk.length;
    if (this.#received < this.#state.expected) return;
    this.#received -= this.#state.expected;
    this.#socket?.write(ONE_BYTE);
  }
}

class Echo implements Handler {
  #socket: Duplex | undefined;

  ready(socket: Duplex): void {
    this.#socket = socket;
  }

  receive(chunk: Uint8Array): void {
    this.#socket?.write(chunk);
  }
}

function ignore(): void {}
