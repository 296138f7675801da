import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LastView } from './last-view';
import type { LayerStack, StackEvent } from './layer-stack';
import { isPlainSocket } from './plain-socket';
import { RecordSizing } from './record-sizing';
import { toError } from './rethrow';
import { hasOwnWrites, writePast } from './socket-writes';
import { listenFor } from './transport-link';

/** Plaintext of one pass: four records of 16 KiB, about what a socket takes at once. */
export const PASS_BYTES = 64 * 1024;

/** Records of a pass grow by at most this on each layer; what exceeds the estimate waits in the layers, as what they say does. */
const RECORD_OVERHEAD = 40;
const SLAB_BYTES = PASS_BYTES + 16 * 1024;
/** More than this of what the layers themselves say is written by itself: there has to be room for a pass behind it. */
const SHORT_REPLY = 8 * 1024;
/** What the layers say (alerts, KeyUpdate, handshake) that a transport which takes nothing may make us hold. */
const MAX_REPLY_BACKLOG = 64 * 1024;

let slab: Buffer | null = null;
const slabView = new LastView();
/** Slabs that transports have had for a while and are done with. */
const idleSlabs: Buffer[] = [];
const MAX_IDLE_SLABS = 4;

/**
 * Hands wire bytes to the transport, in order, and knows when it has had enough.
 *
 * The bytes for a `net.Socket` are in the kernel if it has nothing queued then, whether they got there directly
 * (`socket-writes.ts`) or by `write()`: the same slab serves the next pass, which keeps it in the cache. Any other transport
 * may keep what it is given and gets memory of its own; so does a socket on which somebody has put a `write()` of theirs.
 */
export class WireWriter {
  readonly #transport: Duplex;
  readonly #stack: LayerStack;
  /** The transport, where it is a socket of Node's. */
  readonly #socket: Socket | null;
  readonly #sizing: RecordSizing | null;
  #replyBacklog = 0;
  /** Slabs of which the transport has not given everything to the kernel. */
  #lent: Buffer[] | null = null;
  #held = false;
  /** The transport has asked for a pause and not said yet that it is over. */
  #needsDrain = false;
  /** How often the transport has taken all that it had been given. */
  drains = 0;

  constructor(transport: Duplex, stack: LayerStack, dynamicRecordSizing: boolean) {
    this.#transport = transport;
    this.#stack = stack;
    this.#sizing = dynamicRecordSizing ? new RecordSizing() : null;
    this.#socket = isPlainSocket(transport) ? transport : null;
  }

  #givesToKernel(): boolean {
    return this.#socket !== null && hasOwnWrites(this.#socket);
  }

  /** Whether what was written waits for the transport's `'drain'`. */
  get isFull(): boolean {
    // Streams of packages, such as readable-stream, do not all have that property.
    return this.#held || (this.#transport.writableNeedDrain ?? this.#needsDrain);
  }

  /** Sends nothing until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    this.flush();
  }

  /** Whether the transport needs nothing any more of what was written to it. */
  get isIdle(): boolean {
    return this.#transport.writableLength === 0;
  }

  /** Whether the peer makes us answer faster than it takes the answers. */
  get hasTooManyReplies(): boolean {
    return this.#replyBacklog > MAX_REPLY_BACKLOG;
  }

  /** Whether the transport takes no more, for good. */
  get isClosed(): boolean {
    return !this.#transport.writable;
  }

  /** Whether the peer could send for ever and never be answered. */
  get isReadOnly(): boolean {
    const { writable, readableEnded, destroyed } = this.#transport;
    return !writable && !readableEnded && !destroyed;
  }

  drained(): void {
    this.#takeBack();
    this.#needsDrain = false;
    this.#replyBacklog = 0;
    this.drains++;
  }

  /**
   * Sends what the layers have to say of their own accord: all of a pass, so that one flight leaves in one piece. While a
   * socket is being connected it stays in the layers: a write would take memory of its own then, and listeners.
   */
  flush(): void {
    const { wireBytes } = this.#stack;
    if (wireBytes === 0 || this.#held) return;
    if (this.#socket?.connecting) return listenFor(this.#transport, 'connect');
    const room = this.#hasToKeep(wireBytes) ? Buffer.allocUnsafeSlow(wireBytes) : this.#hotSlab();
    if (!this.#send(room, this.#stack.takeWire(room))) this.#replyBacklog += wireBytes;
  }

  /** Whether the transport will not give so many bytes to the kernel at once, as far as is known before. */
  #hasToKeep(bytes: number): boolean {
    if (!this.#givesToKernel() || bytes > SLAB_BYTES) return true;
    return this.#transport.writableLength > 0;
  }

  /** Seals one pass of plaintext and writes it, behind what the layers have to say and in one piece with that. */
  seal(chunks: Uint8Array | readonly Uint8Array[], bytes: number): StackEvent | null {
    const stack = this.#stack;
    if (stack.wireBytes > SHORT_REPLY) this.flush();
    const room = this.#room(stack.wireBytes + bytes, stack.count);
    const before = stack.wireBytes === 0 ? 0 : stack.takeWire(room);
    // A transport that answers within write() makes the stack say something new in the same object.
    const { sealed, event } = stack.send(chunks, room, before, this.#sizing?.next(bytes));
    this.#send(room, before + sealed);
    this.flush();
    return event;
  }

  /** Writes the first bytes of a buffer; false: the transport has had enough. */
  #send(room: Buffer, length: number): boolean {
    const isHot = room === slab;
    const sent = isHot && this.#socket !== null ? writePast(this.#socket, room, length) : 0;
    if (sent === length) return true;
    const bytes = isHot ? slabView.of(room, sent, length - sent) : room.subarray(0, length);
    const goesOn = this.write(bytes);
    if (isHot && this.#transport.writableLength > 0) this.#lend(room);
    return goesOn;
  }

  #lend(room: Buffer): void {
    this.#lent ??= [];
    this.#lent.push(room);
    slab = idleSlabs.pop() ?? null;
  }

  #takeBack(): void {
    if (this.#lent === null || this.#transport.writableLength > 0) return;
    for (const each of this.#lent) if (idleSlabs.length < MAX_IDLE_SLABS) idleSlabs.push(each);
    this.#lent = null;
  }

  /** @param taken - called once the transport does not need the memory any more */
  write(bytes: Uint8Array, taken?: () => void): boolean {
    if (bytes.length > 0 && this.#transport.writable) return this.#pass(bytes, taken);
    taken?.();
    return true;
  }

  /** What a transport throws is not for those who happen to write: it can't be used any more, and says so itself. */
  #pass(bytes: Uint8Array, taken?: () => void): boolean {
    const before = this.drains;
    try {
      const goesOn = this.#transport.write(bytes, taken);
      this.#needsDrain = !goesOn && this.drains === before;
      return goesOn;
    } catch (thrown) {
      this.#transport.destroy(toError(thrown));
      return false;
    }
  }

  #room(bytes: number, layers: number): Buffer {
    if (this.#givesToKernel()) return this.#hotSlab();
    const records = Math.ceil(bytes / 15_000) + 1;
    return Buffer.allocUnsafe(bytes + records * RECORD_OVERHEAD * layers);
  }

  #hotSlab(): Buffer {
    this.#takeBack();
    slab ??= Buffer.allocUnsafeSlow(SLAB_BYTES);
    return slab;
  }
}
