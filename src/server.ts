import * as net from 'node:net';
import { OnionSocket } from './onion-socket';
import {
  type LayerOptions,
  type OnionSocketOptions,
  parseStartTLSOptions,
  type StartTLSOptions,
} from './options';
import { withSharedContext } from './secure-context';

export type OnionServerOptions = net.ServerOpts &
  Pick<OnionSocketOptions, 'maxDepth' | 'dynamicRecordSizing'> &
  StartTLSOptions & {
    /** The layers of a new connection, the outermost first. Without it one layer is made from the options beside it. */
    layers?: StartTLSOptions[];
  };

/**
 * A `net.Server` whose connections have layers. Events besides those of `net.Server`: `'secureConnection' (socket)` once the
 * initial layers are up, `'tlsClientError' (error, socket)` when one of them fails; that connection is closed.
 */
export class OnionServer extends net.Server {
  readonly #layers: LayerOptions[];
  readonly #socketOptions: OnionSocketOptions;

  /** @throws as {@link OnionSocket.startTLS} does for the options of a layer */
  constructor(options: OnionServerOptions, listener?: (socket: OnionSocket) => void) {
    const layers = (options.layers ?? [options]).map(serverLayer);
    super({ ...options, allowHalfOpen: true });
    this.#layers = layers;
    const { allowHalfOpen = false, highWaterMark, maxDepth, dynamicRecordSizing } = options;
    this.#socketOptions = {
      allowHalfOpen,
      highWaterMark,
      maxDepth,
      dynamicRecordSizing,
    } as OnionSocketOptions;
    if (listener !== undefined) this.on('secureConnection', listener);
    this.on('connection', (transport: net.Socket) => this.#accept(transport));
  }

  #accept(transport: net.Socket): void {
    const socket = new OnionSocket(transport, this.#socketOptions);
    const onError = (error: Error): void => {
      this.emit('tlsClientError', error, socket);
    };
    const announce = (): void => {
      socket.removeListener('error', onError);
      this.emit('secureConnection', socket);
    };
    const last = this.#layers.length;
    if (last === 0) return announce();
    socket.on('error', onError);
    socket.on('layerSecure', function announceWhenLast(layer) {
      if (layer.index !== last) return;
      socket.removeListener('layerSecure', announceWhenLast);
      announce();
    });
    socket.startLayers(this.#layers);
  }
}

/** Checks the options and makes the context once, not for each connection. */
function serverLayer(options: StartTLSOptions): LayerOptions {
  return parseStartTLSOptions(withSharedContext({ ...options, isServer: true }));
}

/**
 * @param listener - added to `'secureConnection'`
 * @throws as {@link OnionSocket.startTLS} does for the options of a layer
 */
export function createServer(
  options: OnionServerOptions,
  listener?: (socket: OnionSocket) => void,
): OnionServer {
  return new OnionServer(options, listener);
}
