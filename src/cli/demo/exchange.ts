/**
 * Moves a known number of bytes both ways at once over a connection, and checks
 * them: each end sends `bytes` bytes and then their SHA-256, and compares the
 * SHA-256 that it receives with that of what it received.
 */
import { createHash, randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';

const CHUNK = 64 * 1024;
const DIGEST = 32;

/** What is sent: slices of this at changing offsets, so that a lost, doubled or moved one shows. */
const pattern = randomFillSync(Buffer.allocUnsafe(1 << 20));
const STRIDE = 7919;

export class ChecksumError extends Error {
  override readonly name = 'ChecksumError';
  readonly code = 'ERR_DEMO_CHECKSUM';
}

/** One end of a connection, read and written in measured amounts. */
export class Exchange {
  readonly #socket: Duplex;
  /** Aborted, with the reason, once nothing more can arrive. */
  readonly #inboundOver = new AbortController();
  readonly #over = new AbortController();
  #bytesMoved = 0;

  constructor(socket: Duplex) {
    this.#socket = socket;
    const over = (reason: Error) => {
      this.#inboundOver.abort(reason);
      this.#over.abort(reason);
    };
    const early = () => new Error('the other end closed the connection early');
    socket.once('error', over);
    socket.once('end', () => this.#inboundOver.abort(early()));
    socket.once('close', () => over(early()));
  }

  /** Aborted, with an Error for its reason, when the connection is closed. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** What all runs have sent and received, without the checksums. */
  get bytesMoved(): number {
    return this.#bytesMoved;
  }

  /** Sends and receives `bytes` bytes; `progress` is told how many have moved, both ways together. */
  async run(bytes: number, progress: (moved: number) => void = () => {}): Promise<void> {
    let moved = 0;
    const count = (size: number) => {
      moved += size;
      this.#bytesMoved += size;
      progress(moved);
    };
    await Promise.all([this.#send(bytes, count), this.#receive(bytes, count)]);
  }

  async #send(bytes: number, count: (size: number) => void): Promise<void> {
    const hash = createHash('sha256');
    for (let sent = 0, turn = 0; sent < bytes; turn += 1) {
      const offset = (turn * STRIDE) % (pattern.length - CHUNK);
      const chunk = pattern.subarray(offset, offset + Math.min(CHUNK, bytes - sent));
      hash.update(chunk);
      await this.#write(chunk);
      sent += chunk.length;
      count(chunk.length);
    }
    await this.#write(hash.digest());
  }

  async #write(chunk: Buffer): Promise<void> {
    this.signal.throwIfAborted();
    if (!this.#socket.write(chunk)) await until(this.#socket, 'drain', this.signal);
  }

  async #receive(bytes: number, count: (size: number) => void): Promise<void> {
    const hash = createHash('sha256');
    for (let received = 0; received < bytes; ) {
      const chunk = await this.#read(bytes - received);
      hash.update(chunk);
      received += chunk.length;
      count(chunk.length);
    }
    const expected: Buffer[] = [];
    for (let missing = DIGEST; missing > 0; missing -= expected.at(-1)?.length ?? 0) {
      expected.push(await this.#read(missing));
    }
    if (!hash.digest().equals(Buffer.concat(expected))) {
      throw new ChecksumError(`${bytes} bytes arrived, but not those that were sent`);
    }
  }

  /**
   * At most `limit` bytes, and never one more: what follows the last byte of an
   * exchange may belong to the handshake of the next layer, and has to stay in
   * the socket for `startTLS` to find it.
   */
  async #read(limit: number): Promise<Buffer> {
    for (;;) {
      const size = Math.min(limit, this.#socket.readableLength);
      const chunk: Buffer | null = size > 0 ? this.#socket.read(size) : this.#socket.read(0);
      if (chunk !== null) return chunk;
      this.#inboundOver.signal.throwIfAborted();
      await until(this.#socket, 'readable', this.#inboundOver.signal);
    }
  }
}

/** Waits for an event; throws the reason of the signal if that comes first. */
export async function until(socket: Duplex, event: string, signal: AbortSignal): Promise<void> {
  try {
    await once(socket, event, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
