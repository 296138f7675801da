/** An HTTP server behind the drop-in's `Server`, with a certificate for localhost. */
import http from 'node:http';
import type { AddressInfo, Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';
import { createAuthority } from '../../../src/cli/certificates';
import * as tls from '../../../src/node-tls';

const authority = createAuthority({ name: 'authority of the programs' });
const identity = authority.issue({ name: 'localhost', altNames: ['localhost', '127.0.0.1'] });

export const ca = authority.cert;
export const { key, cert } = identity;

const open = new Set<Duplex>();
const servers = new Set<NetServer>();

afterEach(async () => {
  const closing = [...servers].map(
    (server) => new Promise<void>((resolve) => server.close(() => resolve())),
  );
  for (const stream of open) stream.destroy();
  await Promise.all(closing);
  open.clear();
  servers.clear();
});

export async function listen(server: NetServer): Promise<number> {
  servers.add(server);
  server.on('connection', (socket: Duplex) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server of the drop-in that hands its connections to `program`. */
export function secureServer(
  program: NodeJS.EventEmitter,
  options: tls.ServerOptions = {},
): Promise<number> {
  const server = tls.createServer({ key, cert, ...options });
  server.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    program.emit('connection', socket);
  });
  return listen(server);
}

/** A connection of the drop-in to such a server. */
export function dial(port: number, options: tls.ConnectionOptions = {}): tls.TLSSocket {
  const socket = tls.connect({ port, host: '127.0.0.1', servername: 'localhost', ca, ...options });
  open.add(socket);
  socket.once('close', () => open.delete(socket));
  return socket;
}

/** Echoes bodies with the number of the connection that they came on. */
export function echoServer(): http.Server {
  let connections = 0;
  const numbers = new WeakMap<object, number>();
  const server = http.createServer((request, response) => {
    response.setHeader('x-connection', String(numbers.get(request.socket)));
    response.setHeader('x-path', request.url ?? '');
    request.pipe(response);
  });
  server.on('connection', (socket) => {
    connections += 1;
    numbers.set(socket, connections);
  });
  return server;
}
