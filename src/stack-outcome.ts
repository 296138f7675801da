/** What a call on a LayerStack has brought about. */
import type { NativeNote } from './native';
import type { TLSLayer } from './tls-layer';

export type CloseReason = 'clean' | 'timeout' | 'abandoned';

export type StackEvent =
  /** Handshake and verification of the layer are done. */
  | { type: 'secure'; layer: TLSLayer }
  /** The peer has closed the layer, which nobody has asked for yet; what it means is decided when the chain goes on. */
  | { type: 'closing'; layer: TLSLayer }
  /** The read half of the layer is closed; what follows comes from the layer below. */
  | { type: 'layerClose'; layer: TLSLayer; reason: CloseReason; answer: boolean }
  /** The peer has ended the stream. */
  | { type: 'end' }
  | { type: 'failed'; error: Error }
  /** The stack can't go on before this is settled. */
  | { type: 'pending'; done: Promise<void> };

export interface Outcome {
  /** Bytes of plaintext in the buffer that was passed in. */
  plaintext: number;
  /** Bytes of wire in the buffer that was passed in. */
  sealed: number;
  /** Bytes of the wire passed to `receive` that were taken; the rest is to be passed again. */
  used: number;
  event: StackEvent | null;
  notes: LayerNote[] | null;
  /** Whether `receive` has something to do, also without bytes. */
  more: boolean;
  /** It is an event, which is to be dealt with whether or not anybody wants to read. */
  due: boolean;
  /** Writes had to wait and can go on. */
  unblocked: boolean;
}

/** Something that a layer tells and that stops nothing. */
export interface LayerNote {
  layer: TLSLayer;
  note: NativeNote;
}
