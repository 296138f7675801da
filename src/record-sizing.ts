import { FULL_RECORD } from './layer-stack';

/** What is left of an Ethernet segment for the plaintext of a record, with headers and the overhead of some layers. */
const FIRST_RECORDS = 1300;
/** As long as a slow start lasts, roughly: a window of 64 KiB. */
const BURST_BYTES = 64 * 1024;
const IDLE_MS = 1000;

/**
 * A peer can use a record once all of it is there. After a pause, when TCP sends a few segments and waits, a record of
 * 16 KiB is held up for round trips that its first bytes do not need; in bulk, small records cost CPU on both sides.
 */
export class RecordSizing {
  #lastWrite = Number.NEGATIVE_INFINITY;
  #burst = 0;

  /** How large the records of the next so many bytes may be. */
  next(bytes: number): number {
    const now = performance.now();
    if (now - this.#lastWrite > IDLE_MS) this.#burst = 0;
    this.#lastWrite = now;
    const size = this.#burst < BURST_BYTES ? FIRST_RECORDS : FULL_RECORD;
    this.#burst += bytes;
    return size;
  }
}
