import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { OnionSocket } from '../onion-socket';
import { canTakeReads } from '../socket-reads';

type Listener = (...values: unknown[]) => void;

const READING = ['data', 'readable'] as const;

/**
 * The readers that a connection had before it was upgraded. Left where they are, they would see encrypted bytes or keep
 * them from being read; with `node:tls` they get nothing, and here neither until the connection is given back. A transport
 * of another kind keeps them, as there.
 *
 * Where nothing comes through the stream of the transport, its 'data' listeners stay: there are programs that emit 'data' on
 * it themselves, with what the upgraded connection has brought.
 */
export class ReadersSetAside {
  readonly #listeners = new Map<string, Listener[]>();

  constructor(transport: Duplex) {
    if (!(transport instanceof Socket) && !(transport instanceof OnionSocket)) return;
    const staying = canTakeReads(transport) ? 'data' : null;
    for (const event of READING) {
      const listeners = transport.rawListeners(event) as Listener[];
      if (listeners.length === 0) continue;
      this.#listeners.set(event, listeners);
      if (event !== staying) removeAll(transport, event, listeners);
    }
  }

  /** Adding them makes the transport flow again. */
  putBack(transport: Duplex): void {
    for (const [event, listeners] of this.#listeners) {
      removeAll(transport, event, listeners);
      for (const listener of listeners) transport.on(event, listener);
    }
    this.#listeners.clear();
  }
}

function removeAll(transport: Duplex, event: string, listeners: readonly Listener[]): void {
  for (const listener of listeners) transport.removeListener(event, listener);
}
