import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { isPlainSocket } from './plain-socket';
import { toError } from './rethrow';
import { giveReadsBack, takeReads } from './socket-reads';
import { encodingOf, invalidArgValue } from './validate';

/**
 * How long closing waits for a transport that does not take the alert, a peer that does not end or one that does not answer a
 * handshake, in milliseconds.
 */
export const MAX_WAIT_MS = 1000;

/**
 * What is awaited before a transport is closed: nothing; that all has left; or that the peer has ended as well. Bytes that
 * arrive for a closed socket make the kernel reset the connection, and what the peer has not read by then may be lost to
 * it: an alert that says why, or the end of the data. And bytes do arrive, of a peer that has not seen the alert yet, or
 * that closes its layers one by one.
 */
export type Parting = 'at once' | 'when all has left' | 'after the peer';

/** What a transport reports to; `emit` gets what is passed on as it is. */
export interface TransportOwner {
  onData(chunk: Buffer | string): void;
  /** As `onData`, of the first bytes of a buffer, which have to be used or copied before the call returns. */
  onBorrowed(buffer: Buffer, length: number): void;
  onEnd(): void;
  onDrain(): void;
  /** Of a `net.Socket`: whoever has it from before, such as a listener of `'connection'`, has paused it. */
  onPause(): void;
  /** It is connected; only where `listenFor` was called for `'connect'`. */
  flushWire(): void;
  onTransportClose(): void;
  onTransportError(error: Error): void;
  emit(event: string, ...values: unknown[]): boolean;
}

/** What a transport that was taken over knows of it. */
interface Link {
  /** Undefined once it was let go. */
  owner: TransportOwner | undefined;
  /** As it came. */
  readonly allowHalfOpen: boolean;
  readonly encoding: BufferEncoding | null;
  isPassingOn: boolean;
  /** Listened for besides those of {@link ALWAYS}. */
  others: string[] | null;
}

const link = Symbol('onion-tls link of a transport');
type OwnedTransport = Duplex & { [link]?: Link };
type Listener = (this: OwnedTransport, ...values: never[]) => void;

/**
 * Protocols of lines are often read with `setEncoding('utf8')`, also up to the moment at which TLS starts, and no encoding
 * can be taken off again. This one keeps every byte.
 */
const BYTES_AS_TEXT = 'latin1';

/**
 * Shared by all sockets: nine closures fewer for each connection. A listener that is called before one of these, for the
 * same event, may have the transport let go.
 */
const LISTENERS: Readonly<Record<string, Listener>> = {
  data(chunk: Buffer | string) {
    const isBytes = typeof chunk !== 'string' || encodingOf(this) !== BYTES_AS_TEXT;
    this[link]?.owner?.onData(isBytes ? chunk : Buffer.from(chunk, BYTES_AS_TEXT));
  },
  end() {
    // Of a socket above it that has ended, and whose events somebody passes on.
    if (this.readableEnded === false) return;
    this[link]?.owner?.onEnd();
  },
  drain() {
    this[link]?.owner?.onDrain();
  },
  pause() {
    // Another stream may have reasons of its own to pause.
    if (isPlainSocket(this)) (this as OwnedTransport)[link]?.owner?.onPause();
  },
  close() {
    this[link]?.owner?.onTransportClose();
  },
  error(error: unknown) {
    this[link]?.owner?.onTransportError(toError(error));
  },
  connect() {
    this[link]?.owner?.flushWire();
    passOn(this, 'connect');
  },
  ready() {
    passOn(this, 'ready');
  },
  timeout() {
    passOn(this, 'timeout');
  },
  lookup(...values: unknown[]) {
    passOn(this, 'lookup', ...values);
  },
};

/** Not back again: there are programs that emit what a socket tells them on the transport. */
function passOn(transport: OwnedTransport, event: string, ...values: unknown[]): void {
  const to = transport[link];
  if (to === undefined || to.isPassingOn) return;
  to.isPassingOn = true;
  try {
    to.owner?.emit(event, ...values);
  } finally {
    to.isPassingOn = false;
  }
}

/** No more than that unless it is needed: each listener on a transport is paid for by every connection. */
const ALWAYS = ['end', 'drain', 'pause', 'close', 'error'] as const;
/** For those who listen above, as most do not; and to be told to flush what has waited for it. */
const PASSED_ON: ReadonlySet<string | symbol> = new Set(['connect', 'ready', 'timeout', 'lookup']);

function onWire(this: Duplex, length: number, buffer: Buffer): boolean {
  (this as OwnedTransport)[link]?.owner?.onBorrowed(buffer, length);
  // Whether it goes on reading is decided by pause() and resume().
  return true;
}

/**
 * Takes a transport over. It stays open when the peer has ended, for what has been written and our close_notify: whether
 * the application may go on writing then is up to `allowHalfOpen` of the socket above.
 * @throws TypeError `ERR_INVALID_ARG_VALUE` when somebody has it: two would both get all bytes
 */
export function attachTransport(transport: Duplex, to: TransportOwner): void {
  const owned = transport as OwnedTransport;
  if (owned[link]?.owner !== undefined) {
    throw invalidArgValue('transport', transport, 'is in use by another socket: detach() it first');
  }
  const encoding = encodingOf(transport);
  const { allowHalfOpen } = transport;
  owned[link] = { owner: to, allowHalfOpen, encoding, isPassingOn: false, others: null };
  transport.allowHalfOpen = true;
  if (encoding !== null) transport.setEncoding(BYTES_AS_TEXT);
  const past = takeReads(transport, onWire);
  for (const name of ALWAYS) listen(transport, name);
  if (!past) listenAlso(transport, 'data');
  // A transport that ended or closed before will not say so again.
  if (transport.readableEnded) process.nextTick(() => to.onEnd());
  if (transport.destroyed) process.nextTick(() => to.onTransportClose());
  if (past) startReading(transport);
  else transport.resume();
}

/** Of a socket whose reads go past its Readable: that has nothing to let flow, unless somebody has paused it. */
function startReading(socket: Duplex): void {
  if (socket.readableFlowing === false) socket.resume();
  // One that is being connected reads by itself once it is.
  else if (!(socket as Socket).connecting) socket.read(0);
}

function listen(transport: Duplex, name: string): void {
  transport.on(name, LISTENERS[name] as (...values: unknown[]) => void);
}

function listenAlso(transport: OwnedTransport, name: string): void {
  const at = transport[link] as Link;
  at.others ??= [];
  at.others.push(name);
  listen(transport, name);
}

/** Somebody wants to be told of an event of the socket above, which may be one of its transport's. */
export function listenFor(transport: Duplex, name: string | symbol): void {
  if (typeof name !== 'string' || !PASSED_ON.has(name)) return;
  const at = (transport as OwnedTransport)[link];
  if (at?.owner === undefined || at.others?.includes(name)) return;
  listenAlso(transport, name);
}

/** Lets a transport go, which may be used again: a `net.Socket` can be connected once more even when it was destroyed. */
function releaseTransport(transport: Duplex): void {
  giveReadsBack(transport);
  const from = (transport as OwnedTransport)[link] as Link;
  from.owner = undefined;
  transport.allowHalfOpen = from.allowHalfOpen;
  for (const name of ALWAYS) unlisten(transport, name);
  for (const name of from.others ?? []) unlisten(transport, name);
}

function unlisten(transport: Duplex, name: string): void {
  transport.removeListener(name, LISTENERS[name] as (...values: unknown[]) => void);
}

/** Lets a transport go as it came: bytes that were not used are in it again, and it neither flows nor is paused. */
export function handBackTransport(transport: Duplex, unread: Buffer): void {
  releaseTransport(transport);
  const { encoding } = (transport as OwnedTransport)[link] as Link;
  transport.pause();
  if (encoding !== null) transport.setEncoding(encoding);
  // Only text that is put back stays text.
  const again = encoding === null ? unread : unread.toString(encoding);
  if (again.length > 0) transport.unshift(again, encoding ?? undefined);
  // A stream that was paused by hand ignores a new 'data' listener; this makes it forget that.
  transport.on('readable', ignore).removeListener('readable', ignore);
}

/**
 * Closes a transport for good. It is ended first where that is awaited; what the peer still sends is thrown away. As with
 * the handle of a `net.Socket`, `done` is called in a later turn: who awaits 'end' and 'close' one after the other has run
 * between them.
 */
export function closeTransport(transport: Duplex, parting: Parting, done: () => void): void {
  releaseTransport(transport);
  transport.on('error', ignore);
  const close = (): void => {
    transport.destroy();
    setImmediate(done);
  };
  const awaited = eventsBefore(transport, parting);
  if (awaited.size === 0) return close();
  const stopWaiting = (): void => {
    clearTimeout(timer);
    transport.removeListener('finish', onFinish).removeListener('end', onEnd);
    transport.removeListener('close', stopWaiting);
    close();
  };
  const happened = (name: string): void => {
    awaited.delete(name);
    if (awaited.size === 0) stopWaiting();
  };
  const onFinish = (): void => happened('finish');
  const onEnd = (): void => happened('end');
  const timer = setTimeout(stopWaiting, MAX_WAIT_MS);
  transport.on('finish', onFinish).on('end', onEnd).on('close', stopWaiting);
  transport.resume();
  // A second end() makes an error, stack and all, for a callback that nobody gave.
  if (!transport.writableEnded) transport.end();
}

/** What has not happened yet of that which closing waits for. A stream that can't say is asked for it by its events. */
function eventsBefore(transport: Duplex, parting: Parting): Set<string> {
  const awaited = new Set<string>();
  // What is not connected has sent nothing that could be told why.
  if (parting === 'at once' || transport.destroyed || (transport as Socket).pending) return awaited;
  if (!transport.writableFinished) awaited.add('finish');
  if (parting === 'after the peer' && !transport.readableEnded) awaited.add('end');
  return awaited;
}

function ignore(): void {}
