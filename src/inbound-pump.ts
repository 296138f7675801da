import type { Duplex } from 'node:stream';
import type { StringDecoder } from 'node:string_decoder';
import type { LayerNote, LayerStack, Outcome, StackEvent } from './layer-stack';
import type { OnRead } from './options';
import { nextSlab, type PlaintextSlab } from './plaintext-slab';
import { rethrowLater } from './rethrow';
import { invalidArgValue } from './validate';
import type { WireWriter } from './wire-writer';

export interface InboundPumpOwner {
  event(event: StackEvent): void;
  notes(notes: LayerNote[]): void;
  /** Writes had to wait for what has been received now. */
  unblocked(): void;
  /** Everything that came before the end of the transport has been dealt with. */
  ended(): void;
}

const EMPTY = Buffer.alloc(0);
/** What layers may hold that can't go on yet; then the transport is paused. */
const MAX_HELD = 256 * 1024;

/**
 * Moves bytes from the transport through the stack to the reader, and decides whether the transport may flow.
 */
export class InboundPump {
  readonly #socket: Duplex;
  readonly #transport: Duplex;
  readonly #stack: LayerStack;
  readonly #wire: WireWriter;
  readonly #onread: OnRead | null;
  /** A buffer of the reader that it has not been given back. */
  #unused: Uint8Array | null = null;
  readonly #owner: InboundPumpOwner;
  bytesRead = 0;
  /** Something has come in since the application last wrote: what it writes next may be an answer. */
  hasNews = false;

  #inbound: Buffer[] = [];
  /** The application wants more: it has read, and what it got did not fill its buffer. */
  #wanted = true;
  /** The native chain stopped somewhere and has to be called again. */
  #more = false;
  /** It stopped at an event: nobody has to want bytes for that. */
  #due = false;
  /** How many reasons there are to deliver nothing. */
  #holds = 0;
  #passing = false;
  /** Something has been delivered since the outermost call from outside. */
  #hasDelivered = false;
  #taking = false;
  #stopped = false;
  #transportEnded = false;
  #flowing = true;

  constructor(
    socket: Duplex,
    transport: Duplex,
    stack: LayerStack,
    wire: WireWriter,
    onread: OnRead | null,
    owner: InboundPumpOwner,
  ) {
    this.#socket = socket;
    this.#transport = transport;
    this.#stack = stack;
    this.#wire = wire;
    this.#onread = onread;
    this.#owner = owner;
  }

  /** A chunk of the transport. */
  accept(chunk: Buffer): void {
    if (this.#stopped || this.#stack.hasEnded) return;
    this.#inbound.push(chunk);
    this.hasNews = true;
    this.kick();
  }

  /** Bytes in memory that the transport is about to use again: they are used up now, or copied. */
  acceptBorrowed(buffer: Buffer, length: number): void {
    const isNext = !this.#passing && !this.#more && this.#inbound.length === 0;
    if (!isNext || this.#holds > 0 || this.#stack.isBare || !this.#readerWants()) {
      return this.accept(Buffer.from(buffer.subarray(0, length)));
    }
    if (this.#stopped || this.#stack.hasEnded) return;
    this.hasNews = true;
    this.#passing = true;
    try {
      this.#receive(buffer, length);
    } finally {
      this.#passing = false;
      this.kick();
      if (this.#inbound.length > 0) this.#ownInbound(buffer);
    }
  }

  /** What is still to be passed and lies in memory of the transport's gets memory of its own. */
  #ownInbound({ buffer }: Buffer): void {
    for (const [index, left] of this.#inbound.entries()) {
      if (left.buffer === buffer) this.#inbound[index] = Buffer.from(left);
    }
  }

  /** The transport will send no more. */
  end(): void {
    this.#transportEnded = true;
    this.kick();
  }

  /** The Readable asks for more; where the reader has a buffer of its own, there is nothing in the Readable. */
  demand(): void {
    if (this.#onread === null) this.want();
  }

  /** The application asks for more. */
  want(): void {
    this.#wanted = true;
    if (!this.#taking) this.kick();
  }

  /** The application wants no more for now; a Readable keeps that by itself. */
  pause(): void {
    if (this.#onread === null) return;
    this.#wanted = false;
    this.#steer();
  }

  /** Delivers nothing until `release`; counts. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    this.kick();
  }

  /** Lets code that awaits a promise run before anything is delivered. */
  holdForAwaiter(): void {
    this.hold();
    setImmediate(release, this);
  }

  /** Lets whoever reads what has just been delivered do something about it before more happens. */
  letReaderAnswer(): void {
    if (this.#hasDelivered || this.#socket.readableLength > 0) this.holdForAwaiter();
  }

  stop(): void {
    this.#stopped = true;
    this.#inbound = [];
  }

  /**
   * What the application has not read, taken out of the Readable. `read()` emits 'data', which would deliver just the bytes
   * that have to become wire bytes of the new layer (CVE-2011-0411); so nothing is emitted meanwhile.
   */
  takeUnread(): Buffer[] {
    const unread: Buffer[] = [];
    const socket = this.#socket;
    if (socket.readableLength === 0) return this.#takePartial();
    this.#taking = true;
    const emit = Object.getOwnPropertyDescriptor(socket, 'emit');
    Object.defineProperty(socket, 'emit', {
      value: () => true,
      configurable: true,
      writable: true,
    });
    try {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        unread.push(
          typeof chunk === 'string' ? Buffer.from(chunk, socket.readableEncoding ?? 'utf8') : chunk,
        );
      }
    } finally {
      if (emit === undefined) delete (socket as { emit?: unknown }).emit;
      else Object.defineProperty(socket, 'emit', emit);
      this.#taking = false;
    }
    return unread.concat(this.#takePartial());
  }

  /** How many bytes of a character that is not complete a reader with an encoding keeps. */
  get partialBytes(): number {
    const decoder = decoderOf(this.#socket);
    return decoder === null ? 0 : decoder.lastTotal - decoder.lastNeed;
  }

  #takePartial(): Buffer[] {
    const length = this.partialBytes;
    if (length === 0) return [];
    const decoder = decoderOf(this.#socket) as Decoder;
    const partial = Buffer.from(decoder.lastChar.subarray(0, length));
    decoder.end();
    return [partial];
  }

  /** What has come in and is not in the Readable yet, of a stack without layers. */
  takeRest(): Buffer[] {
    const held = this.#stack.takeHeld();
    const rest = this.#inbound;
    this.#inbound = [];
    return held === null ? rest : [held, ...rest];
  }

  /** Whether bytes are here that the application could not have read yet. */
  get holdsBytes(): boolean {
    return this.#inbound.length > 0 || this.#stack.held > 0 || this.#stack.hasPlaintext;
  }

  /** Whether the transport may not flow because the application does not read. */
  get isHeldBack(): boolean {
    return !this.#flowing && !this.#readerWants();
  }

  /** The native chain has something to do, from now on. */
  more(): void {
    this.#more = true;
  }

  again(): void {
    this.#more = true;
    this.kick();
  }

  /** Goes on as far as it can; called whenever something may have changed. */
  kick(): void {
    if (this.#passing || this.#stopped) return;
    this.#passing = true;
    try {
      while (this.#canPass()) this.#pass();
    } finally {
      this.#passing = false;
      this.#hasDelivered = false;
      this.#wire.flush();
    }
    if (this.#transportEnded && this.#isDry() && !this.#stopped) this.#owner.ended();
    this.#steer();
  }

  #canPass(): boolean {
    if (this.#stopped || this.#holds > 0) return false;
    if (!this.#more && this.#inbound.length === 0) return false;
    return this.#due || this.#readerWants();
  }

  #readerWants(): boolean {
    return this.#stack.isHandshaking || this.#wanted;
  }

  #isDry(): boolean {
    return this.#holds === 0 && !this.#more && this.#inbound.length === 0;
  }

  #pass(): void {
    const chunk = this.#more ? EMPTY : (this.#inbound.shift() as Buffer);
    if (this.#stack.isBare && !this.#more) return this.#deliver(chunk);
    this.#receive(chunk, chunk.length);
  }

  #receive(wire: Buffer, length: number): void {
    const slab = this.#onread === null ? nextSlab() : null;
    const room = slab?.buffer ?? this.#readersRoom();
    if (room === null) return;
    const outcome = this.#stack.receive(wire, 0, length, room, slab?.offset);
    const { used } = outcome;
    this.#more = outcome.more;
    this.#due = outcome.due;
    if (used < length && !this.#stack.hasEnded) this.#inbound.unshift(wire.subarray(used, length));
    this.carryOut(outcome, slab ?? room);
  }

  /** Carries out what the stack says, in the order in which it happened. */
  carryOut(
    { notes, plaintext, event, unblocked }: Outcome,
    room: PlaintextSlab | Uint8Array = EMPTY,
  ): void {
    // Listeners may cause a pass of another socket, which decrypts into the same slab.
    const isReaders = room instanceof Uint8Array;
    const taken = plaintext > 0 && !isReaders ? room.take(plaintext) : null;
    if (notes !== null) this.#owner.notes(notes);
    if (taken !== null && !this.#stopped) this.#push(taken);
    else if (plaintext > 0 && isReaders && !this.#stopped) this.#callReader(room, plaintext);
    if (event !== null && !this.#stopped) this.#owner.event(event);
    if (unblocked && !this.#stopped) this.#owner.unblocked();
  }

  /**
   * Where a reader wants its plaintext; null: it does not say, and that is the end of the connection. It is asked for
   * another buffer only when it has got the one before: it may have no more than a few.
   */
  #readersRoom(): Uint8Array | null {
    const { buffer } = this.#onread as OnRead;
    if (typeof buffer !== 'function') return buffer;
    if (this.#unused !== null) return this.#unused;
    try {
      const room: unknown = buffer();
      if (room instanceof Uint8Array && room.length > 0) {
        this.#unused = room;
        return room;
      }
      throw invalidArgValue('options.onread.buffer()', room, 'must be a Uint8Array with room');
    } catch (thrown) {
      this.#socket.destroy(thrown as Error);
      return null;
    }
  }

  #callReader(room: Uint8Array, length: number): void {
    this.#hasDelivered = true;
    this.bytesRead += length;
    this.#unused = null;
    try {
      if (this.#onread?.callback(length, room) === false) this.#wanted = false;
    } catch (thrown) {
      rethrowLater(thrown);
    }
    // As net.Socket, which has the next one ready at all times.
    if (!this.#stopped) this.#readersRoom();
  }

  /** Bytes of a transport without layers. What a reader's own buffer has no room for comes in the next pass. */
  #deliver(chunk: Buffer): void {
    if (this.#onread === null) return this.#push(chunk);
    const room = this.#readersRoom();
    if (room === null) return;
    const length = Math.min(room.length, chunk.length);
    room.set(chunk.subarray(0, length));
    if (length < chunk.length) this.#inbound.unshift(chunk.subarray(length));
    if (length > 0) this.#callReader(room, length);
  }

  #push(chunk: Buffer): void {
    this.#hasDelivered = true;
    this.bytesRead += chunk.length;
    const passesBy = this.#passesBy();
    // Set before: push() may ask for more at once.
    this.#wanted = passesBy;
    try {
      if (passesBy) this.#socket.emit('data', chunk);
      else if (this.#socket.push(chunk)) this.#wanted = true;
    } catch (thrown) {
      this.#wanted = true;
      rethrowLater(thrown);
    }
  }

  /**
   * Whether push() would do no more than emit 'data', and ask for more in the next tick: of a reader that flows that is
   * known. The first chunk goes through it, which notes that something was read.
   */
  #passesBy(): boolean {
    const socket = this.#socket;
    return (
      socket.readableFlowing === true &&
      socket.readableLength === 0 &&
      socket.readableDidRead &&
      socket.readableEncoding === null &&
      socket.listenerCount('data') > 0
    );
  }

  /** Somebody else has paused the transport, which is for us to do. */
  keepFlowing(): void {
    if (this.#flowing && !this.#stopped) this.#transport.resume();
  }

  /** Lets the transport flow, or not; one that is paused is paused again, as somebody else may have resumed it. */
  #steer(): void {
    const flow =
      this.#stack.hasEnded ||
      (this.#readerWants() &&
        this.#inbound.length === 0 &&
        this.#stack.held < MAX_HELD &&
        !this.#wire.hasTooManyReplies);
    if ((flow && this.#flowing) || this.#stopped) return;
    this.#flowing = flow;
    if (flow) this.#transport.resume();
    else this.#transport.pause();
  }
}

/** With the fields that Node's has and its documentation does not tell of. */
interface Decoder extends StringDecoder {
  readonly lastChar: Buffer;
  readonly lastNeed: number;
  readonly lastTotal: number;
}

function decoderOf(socket: Duplex): Decoder | null {
  return (socket as unknown as { _readableState: { decoder: Decoder | null } })._readableState
    .decoder;
}

function release(pump: InboundPump): void {
  pump.release();
}
