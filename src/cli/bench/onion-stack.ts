/** This package: all layers on one socket. */
import * as net from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  OnionSocket,
  type SecureContext,
  type StartTLSOptions,
} from '../../index';
import type { Setup } from './model';
import {
  type Client,
  type Handler,
  type Link,
  RECEIVE_BUFFER_SIZE,
  SERVER_NAME,
  type Stack,
} from './stack';

export const onionStack: Stack = {
  name: 'onion-tls',
  serve,
  client: (setup, port) => new OnionClient(setup, port),
};

function serve(setup: Setup, accept: () => Handler): net.Server {
  const secureContext = createSecureContext({ ...setup.identity });
  const layer: StartTLSOptions = {
    secureContext,
    ...(setup.offloadHandshake && { offloadHandshake: true }),
  };
  if (setup.onread) {
    return net.createServer({ noDelay: true }, (transport) =>
      receiveInto(transport, setup, layer, accept()),
    );
  }
  const layers = Array.from({ length: setup.depth }, () => layer);
  return createServer({ noDelay: true, layers }, (socket) => deliver(socket, accept()));
}

/** The server's side of a connection whose plaintext goes into one reused buffer. */
function receiveInto(
  transport: net.Socket,
  setup: Setup,
  layer: StartTLSOptions,
  handler: Handler,
): void {
  const buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER_SIZE);
  const callback = (bytesRead: number) => {
    handler.receive(buffer.subarray(0, bytesRead));
    return true;
  };
  const socket = new OnionSocket(transport, { onread: { buffer, callback } });
  socket.on('error', () => transport.destroy());
  const layers = Array.from({ length: setup.depth }, () =>
    socket.startTLS({ ...layer, isServer: true }),
  );
  Promise.all(layers).then(
    () => handler.ready(socket),
    () => transport.destroy(),
  );
}

function deliver(socket: OnionSocket, handler: Handler): void {
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk: Buffer) => handler.receive(chunk));
  handler.ready(socket);
}

class OnionClient implements Client {
  readonly #setup: Setup;
  readonly #port: number;
  readonly #secureContext: SecureContext;

  constructor(setup: Setup, port: number) {
    this.#setup = setup;
    this.#port = port;
    this.#secureContext = createSecureContext({ ca: setup.ca });
  }

  async connect(handler: Handler, sessions?: readonly Buffer[]): Promise<Link> {
    const socket = await this.#climb(sessions);
    deliver(socket, handler);
    return {
      socket,
      transport: socket.transport,
      resumed: socket.layers.every((each) => each.isSessionReused()),
    };
  }

  async sessions(): Promise<readonly Buffer[]> {
    const sessions: Buffer[] = [];
    let missing = this.#setup.depth;
    let resolve = () => {};
    const complete = new Promise<void>((fulfil) => {
      resolve = fulfil;
    });
    const socket = await this.#climb(undefined, (made) => {
      made.on('session', (session, layer) => {
        if (!sessions[layer.index - 1]) missing--;
        sessions[layer.index - 1] = session;
        if (missing === 0) resolve();
      });
    });
    socket.resume();
    await complete;
    socket.destroy();
    return sessions;
  }

  #climb(sessions?: readonly Buffer[], made?: (socket: OnionSocket) => void): Promise<OnionSocket> {
    const layers = Array.from({ length: this.#setup.depth }, (_, index): StartTLSOptions => {
      const session = sessions?.[index];
      return {
        secureContext: this.#secureContext,
        servername: SERVER_NAME,
        ...(session && { session }),
      };
    });
    return new Promise((resolve, reject) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true, layers });
      made?.(socket);
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        socket.removeListener('error', reject);
        resolve(socket);
      });
    });
  }
}
