import * as net from 'node:net';
import type { Duplex } from 'node:stream';
import { OnionSocket } from './onion-socket';
import { type OnionSocketOptions, parseStartTLSOptions, type StartTLSOptions } from './options';

export type ConnectOptions = Partial<net.TcpNetConnectOpts> &
  Partial<net.IpcNetConnectOpts> &
  Omit<OnionSocketOptions, keyof net.NetConnectOpts> &
  StartTLSOptions & {
    onread?: OnionSocketOptions['onread'];
    /** The layers, the outermost first. Without it one layer is made from the options beside it; `[]` makes none. */
    layers?: StartTLSOptions[];
    /** A transport that is there already; the address is then not used. */
    socket?: Duplex;
  };

/**
 * Connects and puts layers on the connection. All of them are started at once: N layers take N round trips.
 *
 * A single layer made from the top-level options checks the certificate against `servername`, or else `host`, as
 * `tls.connect()` does; each of `layers` needs an identity of its own.
 *
 * @param listener - added to `'secureConnect'`, which comes once all layers are up
 * @throws as {@link OnionSocket.startTLS} does for the options of a layer
 */
export function connect(options: ConnectOptions, listener?: () => void): OnionSocket {
  const { socket: given, layers, onread } = options;
  const parsed = (layers ?? [topLevelLayer(options)]).map((layer) => parseStartTLSOptions(layer));
  // The transport stays open for our close_notify after the peer's end; whether we do is up to allowHalfOpen above it.
  const transport = given ?? net.connect(addressOf(options));
  const { highWaterMark, maxDepth, dynamicRecordSizing } = options as OnionSocketOptions;
  const allowHalfOpen = given === undefined ? (options.allowHalfOpen ?? false) : undefined;
  const socket = new OnionSocket(transport, {
    allowHalfOpen,
    highWaterMark,
    maxDepth,
    dynamicRecordSizing,
    onread,
  } as OnionSocketOptions);
  if (listener !== undefined) socket.once('secureConnect', listener);
  socket.startLayers(parsed);
  const last = parsed.length;
  if (last === 0) announceWithoutLayers(socket, transport);
  else socket.on('layerSecure', announceWhenLast);
  return socket;

  function announceWhenLast(this: OnionSocket, layer: { index: number }): void {
    if (layer.index !== last) return;
    this.removeListener('layerSecure', announceWhenLast);
    this.emit('secureConnect');
  }
}

function announceWithoutLayers(socket: OnionSocket, transport: Duplex): void {
  const announce = (): void => {
    if (!socket.destroyed) socket.emit('secureConnect');
  };
  if ((transport as Partial<net.Socket>).connecting) socket.once('connect', announce);
  else process.nextTick(announce);
}

function topLevelLayer(options: ConnectOptions): StartTLSOptions {
  if (
    options.isServer ||
    options.servername !== undefined ||
    options.checkServerIdentity !== undefined
  )
    return options;
  const host = options.host ?? (options.port !== undefined ? 'localhost' : undefined);
  return host === undefined ? options : { ...options, servername: host };
}

/** For `net.connect()`, whose own `onread` would get wire bytes. */
function addressOf(options: ConnectOptions): net.NetConnectOpts {
  return { ...options, allowHalfOpen: true, onread: undefined } as net.NetConnectOpts;
}
