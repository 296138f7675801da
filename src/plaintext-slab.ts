import { LastView } from './last-view';
import { native } from './load-addon';

/**
 * A pass of the transport's 64 KiB, and what layers still held of a record each. With less a pass would come in pieces, and
 * several 'data' events in one turn lose bytes for whoever awaits them one by one.
 */
const MIN_ROOM = 80 * 1024;
/** Below 128 KiB, from which on malloc asks the kernel for memory each time. */
const SLAB_BYTES = 96 * 1024;
/**
 * Elements of an array that is thrown away with each slab. A slab lies outside of V8's heap, and the few objects for it do
 * not fill the young generation before V8 finds 64 MiB outside and collects everything, slowly and with cold memory after
 * it (Node 24: one full collection for each 60 MB of plaintext). With 8 KiB of garbage for each slab young collections come
 * often enough, as they do for the many small buffers of `node:tls`.
 */
const BALLAST = 1024;
/** Below this a copy costs less than the rest of a slab, which a slice would use up and keep alive. */
const COPY_BELOW = 16 * 1024;

/**
 * Memory for plaintext on its way to a Readable. Native code decrypts into the rest of a slab and the reader gets slices
 * of it, without a copy.
 */
export class PlaintextSlab {
  /** Where the next pass may decrypt to, from `offset` on; the same memory until `take`. */
  buffer = Buffer.alloc(0);
  offset = 0;
  /** Kept, so that no compiler leaves it out. */
  protected ballast: unknown[] = [];
  #keepsFreed = false;
  readonly #source = new LastView();

  /** Makes sure that there is room; where a pass does not find enough, the rest comes in the next one. */
  prepare(): this {
    if (this.buffer.length - this.offset >= MIN_ROOM) return this;
    if (this.offset > 0) this.#keepFreedMemory();
    this.buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
    this.offset = 0;
    this.ballast = new Array(BALLAST);
    return this;
  }

  /** Slabs are being used up: those that are collected make room for the next ones, and should not go to the kernel. */
  #keepFreedMemory(): void {
    if (this.#keepsFreed) return;
    this.#keepsFreed = true;
    native.keepFreedMemory();
  }

  /** The first bytes of the room, which are the taker's from now on. */
  take(length: number): Buffer {
    const start = this.offset;
    if (length < COPY_BELOW) {
      const copy = Buffer.allocUnsafe(length);
      copy.set(this.#source.of(this.buffer, start, length));
      return copy;
    }
    this.offset += length;
    return this.buffer.subarray(start, this.offset);
  }
}

// One for all sockets of a thread: between `prepare` and `take` nothing else runs.
const slab = new PlaintextSlab();

/** The slab for the next pass; what does not fit comes in the one after it. */
export function nextSlab(): PlaintextSlab {
  return slab.prepare();
}
