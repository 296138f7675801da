/**
 * Writes to a `net.Socket` past its Writable: straight into the kernel, where libuv would try to put them first as well.
 * Saved are a pass through the stream, an object for the request, a view of the bytes and a tick to tell that they are
 * written: six per cent of a round trip in one layer. What the kernel does not take at once goes through the socket.
 *
 * Only where nobody can see a difference. A socket with something queued, corked or being connected is written to as
 * usual, and so is one on which somebody has put a method of theirs. What went past it puts its timeout off and is part of
 * its `bytesWritten`. On Windows a socket has no descriptor, and all writes go through it.
 */
import { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { native } from './load-addon';

/** Bytes that a socket does not know of; the same to each copy of this package. */
const past = Symbol.for('onion-tls bytes past the Writable');

type OpenSocket = Socket & {
  _handle?: { readonly fd?: number } | null;
  /** Puts the timeout off. */
  _unrefTimer?(): void;
  [past]?: number;
};

/** A socket inherits it: one on `Socket.prototype` is somebody's. */
const { write } = Duplex.prototype;
const { _write, _writev } = Socket.prototype;
const countOfSocket = Object.getOwnPropertyDescriptor(Socket.prototype, 'bytesWritten')?.get;
/** Not where sockets count and wait otherwise than is known here. */
const isPossible =
  countOfSocket !== undefined && typeof (Socket.prototype as OpenSocket)._unrefTimer === 'function';

const BYTES_WRITTEN: PropertyDescriptor = {
  get(this: OpenSocket) {
    const counted: number | undefined = countOfSocket?.call(this);
    return counted === undefined ? counted : counted + (this[past] ?? 0);
  },
  configurable: true,
};

/** Whether a plain socket is written to by Node's own methods. */
export function hasOwnWrites(socket: Socket): boolean {
  return socket.write === write && socket._write === _write && socket._writev === _writev;
}

/**
 * Gives the kernel the first bytes of a buffer for a socket that {@link hasOwnWrites}; returns how many it has taken, which
 * may be none.
 */
export function writePast(socket: Socket, buffer: Buffer, length: number): number {
  if (!isPossible || !canBypass(socket)) return 0;
  const fd = (socket as OpenSocket)._handle?.fd;
  if (fd === undefined || fd < 0) return 0;
  const taken = native.transmit(fd, buffer, length);
  if (taken > 0) note(socket, taken);
  return taken;
}

function canBypass(socket: Socket): boolean {
  return (
    socket.writableLength === 0 &&
    socket.writable &&
    !socket.connecting &&
    socket.writableCorked === 0
  );
}

function note(socket: OpenSocket, bytes: number): void {
  if (socket[past] === undefined) Object.defineProperty(socket, 'bytesWritten', BYTES_WRITTEN);
  socket[past] = (socket[past] ?? 0) + bytes;
  if (socket.timeout) socket._unrefTimer?.();
}
