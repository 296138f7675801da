import { StateError, type TLSError } from './errors';
import { LayerStack, type Outcome } from './layer-stack';
import type { LayerState } from './layer-state';
import { parseStartTLSOptions, type StartTLSOptions } from './options';
import type { TLSLayer } from './tls-layer';
import { trace } from './trace';
import { toBytes, validateBytes } from './validate';

/** What a call on a {@link TLSEngine} has brought about. */
export interface EngineOutput {
  /** Decrypted bytes for the application. */
  plaintext: Buffer | null;
  /** Bytes to be sent to the peer, also when there is an error: then they hold the alert. */
  wire: Buffer | null;
  /** Whether handshake and verification are done. */
  established: boolean;
  /** Whether the peer's close_notify has come. */
  peerClosed: boolean;
  /** Why the engine has failed; it is of no use any more. */
  error?: TLSError;
}

const EMPTY = Buffer.alloc(0);
const ROOM_BYTES = 64 * 1024;

/**
 * One TLS session without I/O: bytes in, bytes out, no stream, no timer, no socket. For protocols that carry TLS in packets
 * of their own (TDS, EAP), and for tests.
 *
 * A client starts with `receive(new Uint8Array())`. An SNICallback that answers later, and `offloadHandshake`, make the
 * engine wait: once `pending` is resolved, call `receive` with no bytes.
 */
export class TLSEngine {
  readonly #stack = new LayerStack({ flushWire() {} });
  readonly #layer: TLSLayer;
  #trailing: Buffer = EMPTY;
  #pending: Promise<void> | null = null;
  #closes = false;
  #failure: TLSError | null = null;

  /** @throws as `OnionSocket#startTLS()` does for its options */
  constructor(options: StartTLSOptions) {
    const parsed = parseStartTLSOptions(options);
    this.#layer = this.#stack.push({ ...parsed, allowPeerStop: true }, []);
  }

  get state(): LayerState {
    return this.#layer.state;
  }

  /** The layer, for what can be asked about it: cipher, certificates, session. */
  get layer(): TLSLayer {
    return this.#layer;
  }

  /** What came after the peer's close_notify: it does not belong to this session. */
  get trailing(): Buffer {
    return this.#trailing;
  }

  /**
   * Resolves once the engine can go on without more bytes from the peer; then `receive` with none has what came of it.
   * `null` while the engine waits for bytes only.
   */
  get pending(): Promise<void> | null {
    return this.#pending;
  }

  /**
   * Takes bytes from the peer; none to start a client or to go on after a wait.
   * @throws TypeError `ERR_INVALID_ARG_TYPE` for anything but bytes
   */
  receive(wire: Uint8Array): EngineOutput {
    validateBytes(wire, 'wire');
    const output = new OutputBuilder();
    if (this.#failure !== null) return this.#finish(output);
    if (this.#layer.state === 'waiting') this.#note(output, this.#stack.begin(this.#layer), EMPTY);
    if (this.#isReadClosed) {
      this.#trailing = Buffer.concat([this.#trailing, toBytes(wire)]);
      return this.#finish(output);
    }
    const input = toBytes(wire);
    let start = 0;
    let more = true;
    while (more && this.#canGoOn) {
      const room = Buffer.allocUnsafe(ROOM_BYTES);
      const outcome = this.#stack.receive(input, start, input.length, room);
      start += outcome.used;
      more = outcome.more || start < input.length;
      this.#note(output, outcome, room);
    }
    if (start < input.length) this.#keep(input.subarray(start));
    if (this.#closes) this.#sendClose(output);
    return this.#finish(output);
  }

  /** Seals bytes of the application. */
  send(plaintext: Uint8Array): EngineOutput {
    validateBytes(plaintext, 'plaintext');
    const { state } = this.#layer;
    if (state !== 'established' && state !== 'readClosed') {
      throw new StateError(`send() in state '${state}'`, 1);
    }
    const output = new OutputBuilder();
    const room = Buffer.allocUnsafe(
      plaintext.byteLength + 64 * (1 + Math.ceil(plaintext.byteLength / 16_000)),
    );
    const outcome = this.#stack.send(toBytes(plaintext), room);
    if (outcome.sealed > 0) output.wire.push(room.subarray(0, outcome.sealed));
    this.#note(output, outcome, EMPTY);
    return this.#finish(output);
  }

  /**
   * Sends close_notify; what the peer still sends can be received. There is no way to send it before the handshake is done:
   * it then follows the handshake.
   */
  close(): EngineOutput {
    const output = new OutputBuilder();
    this.#closes = true;
    this.#sendClose(output);
    return this.#finish(output);
  }

  #sendClose(output: OutputBuilder): void {
    const { state } = this.#layer;
    if (state !== 'established' && state !== 'readClosed') return;
    this.#note(output, this.#stack.closeAll(), EMPTY);
  }

  get #isReadClosed(): boolean {
    return this.#layer.state === 'readClosed' || this.#layer.state === 'closed';
  }

  get #canGoOn(): boolean {
    return !this.#isReadClosed && this.#failure === null && this.#pending === null;
  }

  /** Bytes behind what ended a pass: they are not of this session, or the engine waits for something else. */
  #keep(rest: Uint8Array): void {
    if (this.#isReadClosed) this.#trailing = Buffer.concat([this.#trailing, rest]);
    else if (this.#pending !== null) this.#stack.feed(this.#layer, rest);
  }

  #note(output: OutputBuilder, { plaintext, notes, event }: Outcome, room: Buffer): void {
    this.#takeWire(output);
    if (plaintext > 0) output.plaintext.push(room.subarray(0, plaintext));
    for (const { note, layer } of notes ?? []) trace(note, layer);
    if (event?.type === 'failed') this.#failure = event.error as TLSError;
    if (event?.type === 'layerClose') this.#trailing = this.#stack.takeHeld() ?? EMPTY;
    if (event?.type === 'pending') {
      this.#pending = event.done.then(() => {
        this.#pending = null;
      });
    }
  }

  #takeWire(output: OutputBuilder): void {
    const { wireBytes } = this.#stack;
    if (wireBytes === 0) return;
    const wire = Buffer.allocUnsafe(wireBytes);
    output.wire.push(wire.subarray(0, this.#stack.takeWire(wire)));
  }

  #finish(output: OutputBuilder): EngineOutput {
    const { state } = this.#layer;
    const result: EngineOutput = {
      plaintext: join(output.plaintext),
      wire: join(output.wire),
      established: state !== 'waiting' && state !== 'handshaking' && state !== 'failed',
      peerClosed: this.#isReadClosed,
    };
    if (this.#failure !== null) result.error = this.#failure;
    return result;
  }
}

class OutputBuilder {
  readonly plaintext: Buffer[] = [];
  readonly wire: Buffer[] = [];
}

function join(parts: Buffer[]): Buffer | null {
  if (parts.length === 0) return null;
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
}
