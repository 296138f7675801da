/**
 * The life of a layer (RFC 8446 §6.1: the two directions close independently).
 *
 *   waiting ──► handshaking ──► established ──┬──► readClosed  ──┬──► closed
 *                                             │  (peer's close)  │
 *                                             └──► writeClosed ──┘
 *                                                (our close)
 *   any of them but closed ──► failed
 *
 * A layer that is dropped without close_notify goes from established to closed at once.
 */
export type LayerState =
  | 'waiting'
  | 'handshaking'
  | 'established'
  | 'readClosed'
  | 'writeClosed'
  | 'closed'
  | 'failed';

const TRANSITIONS: Readonly<Record<LayerState, readonly LayerState[]>> = {
  waiting: ['handshaking', 'failed'],
  handshaking: ['established', 'failed'],
  established: ['readClosed', 'writeClosed', 'closed', 'failed'],
  readClosed: ['closed', 'failed'],
  writeClosed: ['closed', 'failed'],
  closed: [],
  failed: [],
};

/** Returns `to`, or throws where the table does not lead there: that is a bug of ours, not of a peer. */
export function transition(from: LayerState, to: LayerState): LayerState {
  if (!TRANSITIONS[from].includes(to)) {
    throw new Error(`A layer can't go from ${from} to ${to}`);
  }
  return to;
}

/** Whether the peer may still send in this layer. */
export function isReadOpen(state: LayerState): boolean {
  return state !== 'readClosed' && state !== 'closed' && state !== 'failed';
}

/** Whether writes are sealed by this layer, now or once it is established. */
export function isWriteOpen(state: LayerState): boolean {
  return state !== 'writeClosed' && state !== 'closed' && state !== 'failed';
}
