/**
 * `node:tls` nested in itself: each TLSSocket is given the one below it. Where the one below is a TLSSocket too, Node connects
 * the two inside C++, so this is the fastest form that nesting has in Node. (A TLSSocket over a given socket ignores `onread`:
 * on a server, `node:tls` has no counterpart to it.)
 */
import type * as net from 'node:net';
import * as tls from 'node:tls';
import type { Setup } from './model';
import { type Client, type Handler, type Link, SERVER_NAME, type Stack } from './stack';

export const nodeTlsStack: Stack = {
  name: 'node:tls',
  serve,
  client: (setup, port) => new NodeTlsClient(setup, port),
};

function serve(setup: Setup, accept: () => Handler): net.Server {
  const secureContext = tls.createSecureContext({ ...setup.identity });
  const layer = (socket: net.Socket, index: number, handler: Handler) => {
    const secure = new tls.TLSSocket(socket, { isServer: true, secureContext });
    secure.on('error', () => socket.destroy());
    secure.on('secure', () => next(secure, index, handler));
  };
  const next = (socket: net.Socket, index: number, handler: Handler) => {
    if (index < setup.depth) layer(socket, index + 1, handler);
    else deliver(socket, handler);
  };
  return tls.createServer({ ...setup.identity, noDelay: true }, (socket) => {
    socket.on('error', () => socket.destroy());
    next(socket, 1, accept());
  });
}

function deliver(socket: net.Socket, handler: Handler): void {
  socket.on('data', (chunk: Buffer) => handler.receive(chunk));
  handler.ready(socket);
}

class NodeTlsClient implements Client {
  readonly #setup: Setup;
  readonly #port: number;
  readonly #secureContext: tls.SecureContext;

  constructor(setup: Setup, port: number) {
    this.#setup = setup;
    this.#port = port;
    this.#secureContext = tls.createSecureContext({ ca: setup.ca });
  }

  async connect(handler: Handler, sessions?: readonly Buffer[]): Promise<Link> {
    const sockets = await this.#climb(sessions);
    const [transport, socket] = [sockets[0], sockets.at(-1)];
    if (!transport || !socket) throw new RangeError('node:tls takes part from depth 1 on');
    deliver(socket, handler);
    return { socket, transport, resumed: sockets.every((each) => each.isSessionReused()) };
  }

  async sessions(): Promise<readonly Buffer[]> {
    const waits: Promise<Buffer>[] = [];
    const sockets = await this.#climb(undefined, (socket) => {
      waits.push(new Promise((resolve) => socket.once('session', resolve)));
    });
    sockets.at(-1)?.resume();
    const sessions = await Promise.all(waits);
    sockets[0]?.destroy();
    return sessions;
  }

  async #climb(
    sessions?: readonly Buffer[],
    made?: (socket: tls.TLSSocket) => void,
  ): Promise<tls.TLSSocket[]> {
    const sockets: tls.TLSSocket[] = [];
    for (let index = 0; index < this.#setup.depth; index++) {
      const below = sockets.at(-1);
      const session = sessions?.[index];
      const socket = tls.connect({
        ...(below ? { socket: below } : { host: '127.0.0.1', port: this.#port }),
        servername: SERVER_NAME,
        secureContext: this.#secureContext,
        ...(session && { session }),
      });
      if (!below) socket.setNoDelay(true);
      made?.(socket);
      await secured(socket);
      sockets.push(socket);
    }
    return sockets;
  }
}

function secured(socket: tls.TLSSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.once('secureConnect', () => {
      socket.removeListener('error', reject);
      socket.on('error', () => socket.destroy());
      resolve();
    });
  });
}
