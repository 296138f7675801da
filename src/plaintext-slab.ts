const SLAB_BYTES = 256 * 1024;
/** A pass of the transport's 64 KiB, and what layers still held of a record each. */
const MIN_ROOM = 80 * 1024;
/** Below this a copy costs less than the rest of the slab that a slice would keep alive. */
const COPY_BELOW = 4096;

/**
 * Memory for plaintext on its way to a Readable. Native code decrypts into the rest of a slab and the reader gets slices
 * of it: one allocation for several passes, and no copy.
 */
class PlaintextSlab {
  #room = Buffer.allocUnsafeSlow(0);

  /** Where the next pass may decrypt to; the same memory until `take`. */
  get room(): Buffer {
    if (this.#room.length < MIN_ROOM) this.#room = Buffer.allocUnsafeSlow(SLAB_BYTES);
    return this.#room;
  }

  /** The first bytes of the room, which are the taker's from now on. */
  take(length: number): Buffer {
    if (length < COPY_BELOW) return Buffer.from(this.#room.subarray(0, length));
    const taken = this.#room.subarray(0, length);
    this.#room = this.#room.subarray(length);
    return taken;
  }
}

/** One for all sockets of a thread: between `room` and `take` nothing else runs. */
export const plaintextSlab = new PlaintextSlab();
