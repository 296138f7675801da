import type { LayerStack } from './layer-stack';
import type { Operation } from './operation';
import { rethrowLater } from './rethrow';
import { emptyList, listWith, listWithout } from './short-list';
import { PASS_BYTES, type WireWriter } from './wire-writer';

/** Writes smaller than this wait for the end of the tick: sealed together they cost a third. */
const GATHER_BELOW = 16 * 1024;

export interface WriteQueueOwner {
  /** Carries an operation out as far as it can be now; true: the queue may go on behind it. */
  perform(operation: Operation): boolean;
  /** Whether the Writable has more than so many bytes, and would hand the others over at once. */
  hasMoreThan(bytes: number): boolean;
  fail(error: Error): void;
}

type Done = (error?: Error | null) => void;

/**
 * What the Writable has handed over and the transport has not taken: data in passes of {@link PASS_BYTES}, operations in
 * their place between them. It stops at an operation that has to wait, and while the transport is full.
 */
export class WriteQueue {
  readonly #stack: LayerStack;
  readonly #wire: WireWriter;
  readonly #owner: WriteQueueOwner;
  /** Operations whose marker has not come to its turn. */
  #marked: readonly Operation[] = emptyList();
  #chunks: readonly Uint8Array[] = emptyList();
  #next = 0;
  #offset = 0;
  #done: Done | null = null;
  /** The only chunk is small and waits for the end of the tick. */
  #waits = false;
  /** A chunk that has waited, and of which the Writable has been told that it is done. */
  #first: Uint8Array | null = null;
  #working = false;
  /** Writes without layers that the transport may still look at. */
  #untaken = 0;
  /** What comes behind the last write. */
  #last: (() => void) | null = null;

  constructor(stack: LayerStack, wire: WireWriter, owner: WriteQueueOwner) {
    this.#stack = stack;
    this.#wire = wire;
    this.#owner = owner;
  }

  /** Whether anything is on its way. */
  get isBusy(): boolean {
    return this.#done !== null || this.#first !== null;
  }

  /** Whether the Writable waits to be told that its last chunks are done. */
  get isOwed(): boolean {
    return this.#done !== null;
  }

  /** Whether an answer of so many bytes may be sealed at once: it is small, there are layers, and the transport takes it. */
  canAnswer(bytes: number): boolean {
    return bytes > 0 && bytes < GATHER_BELOW && !this.#stack.isBare && !this.#hasToWait();
  }

  /** Seals a chunk ahead of the Writable, which has nothing. */
  answer(chunk: Uint8Array): void {
    this.#seal(chunk, chunk.length);
  }

  /** Makes a chunk that will come through the Writable stand for an operation. */
  mark(operation: Operation): void {
    this.#marked = listWith(this.#marked, operation);
  }

  /**
   * Takes a chunk from `_write`; `done` is called once it is with the transport. A small one waits for the end of the tick
   * with its `done`, so that the Writable hands over all that is written meanwhile in one piece.
   */
  add(chunk: Uint8Array, done: Done): void {
    this.#waits = this.#first === null && !this.#working && this.#isSmall(chunk);
    this.#take([chunk], done);
    if (this.#waits) process.nextTick(flush, this);
    else this.work();
  }

  /** The same for `_writev`. While that runs the Writable forgets what is written to it: nobody may be called before. */
  addAll(chunks: Uint8Array[], done: Done): void {
    this.#take(chunks, done);
    if (!this.#working) process.nextTick(goOn, this);
  }

  #take(chunks: Uint8Array[], done: Done): void {
    this.#chunks = this.#first === null ? chunks : [this.#first, ...chunks];
    this.#first = null;
    this.#done = done;
  }

  /** Sends a write that waits, with what has been written since. */
  flush(): void {
    if (this.#waits) {
      const chunk = this.#chunks[0] as Uint8Array;
      if (this.#hasToWait() || !this.#owner.hasMoreThan(chunk.length)) return this.work();
      // Told that it is done, the Writable hands over the others, and calls back whoever has written it.
      this.#first = Buffer.from(chunk);
      this.#run(true);
    }
    if (this.#first !== null) this.#sealFirst(this.#first);
  }

  /** Goes on with what was handed over, unless it waits for the end of the tick. */
  goOn(): void {
    if (!this.#waits) this.work();
  }

  /** For a socket that is being destroyed: the Writable is told later, as no callback may run before that is done. */
  close(error: Error | null): void {
    const done = this.#done;
    if (error === null && !this.#wire.isClosed && !this.#stack.writesWait) this.#sendRest();
    const isSent = error === null && this.#next === this.#chunks.length;
    this.#done = null;
    this.#first = null;
    this.#waits = false;
    if (done !== null) process.nextTick(done, isSent ? null : (error ?? destroyed()));
  }

  /** Also what was handed over from within the callback of the write before it, which may be the one that destroys. */
  #sendRest(): void {
    if (this.#waits) {
      this.#first = this.#chunks[0] as Uint8Array;
      this.#next = 1;
    }
    if (this.#first !== null) this.#sealFirst(this.#first);
    while (this.#isAtData && this.#sendPass());
  }

  get #isAtData(): boolean {
    const chunk = this.#chunks[this.#next];
    return chunk !== undefined && this.#operationOf(chunk) === undefined;
  }

  #sealFirst(chunk: Uint8Array): void {
    this.#first = null;
    this.#seal(chunk, chunk.length);
  }

  /** Goes on until the queue is empty or has to wait; called again whenever what it waits for may have come. */
  work(): void {
    this.#run(false);
  }

  /** @param finishes - what the Writable has handed over last is done already */
  #run(finishes: boolean): void {
    if (this.#working) return;
    this.#working = true;
    this.#waits = false;
    try {
      if (finishes) this.#finish();
      while (this.#done !== null && this.#step());
    } finally {
      this.#working = false;
    }
    if (this.#last === null || this.#done !== null || this.#stack.writesWait) return;
    const last = this.#last;
    this.#last = null;
    last();
  }

  /** Calls back behind the last write, as soon as the layers can write; there is none after it. */
  end(last: () => void): void {
    this.#last = last;
    this.work();
  }

  #hasToWait(): boolean {
    return this.#wire.isFull || this.#stack.writesWait;
  }

  #step(): boolean {
    if (this.#next === this.#chunks.length) return this.#isTaken && this.#finish();
    if (this.#stack.writesWait) return false;
    const operation = this.#operationOf(this.#chunks[this.#next] as Uint8Array);
    if (operation === undefined) return this.#sendPass();
    if (!this.#owner.perform(operation)) return false;
    this.#marked = listWithout(this.#marked, operation);
    this.#next++;
    return true;
  }

  #finish(): boolean {
    const done = this.#done as Done;
    this.#done = null;
    this.#waits = false;
    this.#chunks = emptyList();
    this.#next = 0;
    // The Writable may hand over its next chunks at once: the loop that this is called from goes on with them.
    try {
      done();
    } catch (thrown) {
      rethrowLater(thrown);
    }
    return true;
  }

  #sendPass(): boolean {
    if (this.#wire.isFull) return false;
    const run: Uint8Array[] = [];
    let bytes = 0;
    while (bytes < PASS_BYTES && this.#next < this.#chunks.length) {
      const chunk = this.#chunks[this.#next] as Uint8Array;
      if (this.#operationOf(chunk) !== undefined) break;
      const piece = chunk.subarray(this.#offset, this.#offset + PASS_BYTES - bytes);
      run.push(piece.length === chunk.length ? chunk : piece);
      bytes += piece.length;
      this.#offset += piece.length;
      if (this.#offset < chunk.length) break;
      this.#offset = 0;
      this.#next++;
    }
    return this.#seal(run.length === 1 ? (run[0] as Uint8Array) : run, bytes);
  }

  #seal(chunks: Uint8Array | readonly Uint8Array[], bytes: number): boolean {
    if (bytes === 0) return true;
    if (this.#wire.isClosed || this.#stack.isMute) {
      this.#owner.fail(brokenPipe());
      return false;
    }
    if (this.#stack.isBare) return this.#handOver(chunks, bytes);
    const event = this.#wire.seal(chunks, bytes);
    if (event?.type !== 'failed') return true;
    this.#owner.fail(event.error);
    return false;
  }

  /** Without layers. Once a write is done its memory is the writer's again: the transport must not need it any more. */
  #handOver(chunks: Uint8Array | readonly Uint8Array[], bytes: number): boolean {
    this.#wire.flush();
    const list = chunks instanceof Uint8Array ? [chunks] : chunks;
    if (bytes < GATHER_BELOW) {
      this.#wire.write(Buffer.concat(list, bytes));
      return true;
    }
    for (const chunk of list) {
      this.#untaken++;
      this.#wire.write(chunk, () => this.#taken());
    }
    return true;
  }

  #taken(): void {
    this.#untaken--;
    this.work();
  }

  get #isTaken(): boolean {
    return this.#untaken === 0 || this.#wire.isIdle;
  }

  #isSmall(chunk: Uint8Array): boolean {
    return chunk.length < GATHER_BELOW && this.#operationOf(chunk) === undefined;
  }

  /** The operation that a chunk stands for: only one without bytes can. */
  #operationOf(chunk: Uint8Array): Operation | undefined {
    return chunk.length > 0 ? undefined : this.#marked.find(({ marker }) => marker === chunk);
  }
}

/** As `net.Socket` says it. */
export function brokenPipe(): Error {
  const error = new Error('This socket has been ended by the other party');
  return Object.assign(error, { code: 'EPIPE' });
}

/** As a Writable says it to those whose chunks it has not handed over. */
function destroyed(): Error {
  const error = new Error('Cannot call write after a stream was destroyed');
  return Object.assign(error, { code: 'ERR_STREAM_DESTROYED' });
}

function flush(queue: WriteQueue): void {
  queue.flush();
}

function goOn(queue: WriteQueue): void {
  queue.goOn();
}
