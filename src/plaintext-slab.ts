/** A record. */
const MIN_ROOM = 16 * 1024;
/** Two of them: larger allocations leave the part of the heap that is in use and cost page faults. */
const SLAB_BYTES = 2 * MIN_ROOM;
/** Below this a copy costs less than the rest of a large slab that a slice would keep alive. */
const COPY_BELOW = 4096;

/** Wire of so many bytes or fewer is opened into a slab that is not too large to be kept alive by a slice. */
const SMALL_WIRE = 1024;
/** As large as Node's own pool for small buffers. */
const SMALL_SLAB_BYTES = 8 * 1024;

/**
 * Memory for plaintext on its way to a Readable. Native code decrypts into the rest of a slab and the reader gets slices
 * of it, without a copy.
 */
export class PlaintextSlab {
  readonly #size: number;
  readonly #minRoom: number;
  readonly #copyBelow: number;
  /** Where the next pass may decrypt to, from `offset` on; the same memory until `take`. */
  buffer = Buffer.alloc(0);
  offset = 0;

  constructor(size: number, minRoom: number, copyBelow: number) {
    this.#size = size;
    this.#minRoom = minRoom;
    this.#copyBelow = copyBelow;
  }

  /** Makes sure that there is room; where a pass does not find enough, the rest comes in the next one. */
  prepare(): this {
    if (this.buffer.length - this.offset >= this.#minRoom) return this;
    this.buffer = Buffer.allocUnsafeSlow(this.#size);
    this.offset = 0;
    return this;
  }

  /** The first bytes of the room, which are the taker's from now on. */
  take(length: number): Buffer {
    const taken = this.buffer.subarray(this.offset, this.offset + length);
    if (length < this.#copyBelow) return Buffer.from(taken);
    this.offset += length;
    return taken;
  }
}

// One of each for all sockets of a thread: between `prepare` and `take` nothing else runs.
const large = new PlaintextSlab(SLAB_BYTES, MIN_ROOM, COPY_BELOW);
const small = new PlaintextSlab(SMALL_SLAB_BYTES, SMALL_WIRE, 0);

/** The slab for what so many bytes of wire may hold; what does not fit comes in the next pass. */
export function slabFor(wireLength: number): PlaintextSlab {
  return (wireLength > 0 && wireLength <= SMALL_WIRE ? small : large).prepare();
}
