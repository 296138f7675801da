/**
 * Compiled by `npm run typecheck` and never run: programs written for the types of `node:tls` accept those of the
 * drop-in, and the other way round where it makes sense.
 */
import type http from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import type * as nodeTls from 'node:tls';
import * as tls from '../../src/node-tls';

/** What a program does with a `tls.TLSSocket` that it is given. */
function useSocket(socket: nodeTls.TLSSocket): void {
  const fingerprint: string = socket.getPeerCertificate().fingerprint256;
  const chain: nodeTls.DetailedPeerCertificate = socket.getPeerCertificate(true);
  const cipher: nodeTls.CipherNameAndProtocol = socket.getCipher();
  const session: Buffer | undefined = socket.getSession();
  socket.on('session', (bytes: Buffer) => socket.write(bytes));
  socket.once('secureConnect', () => socket.end(fingerprint + cipher.name + chain.raw.length));
  socket.setKeepAlive(true, 1000).setNoDelay().setTimeout(5).unref().ref();
  if (session !== undefined) socket.disableRenegotiation();
}

function useStream(stream: Duplex): void {
  stream.end();
}

export function sockets(transport: net.Socket, options: nodeTls.ConnectionOptions): void {
  const socket = tls.connect({ port: 443, host: 'example.test', ALPNProtocols: ['h2'] });
  useSocket(socket);
  useStream(socket);
  useSocket(new tls.TLSSocket(transport, { isServer: true }));
  useSocket(tls.connect(443, 'example.test', { rejectUnauthorized: false }, () => undefined));
  useSocket(tls.connect(443, { servername: 'example.test' }));
  const layer: Promise<{ index: number }> = socket.startTLS({ servername: 'inner.test' });
  void layer.then(() => socket.stopTLS());
  const asOptions: tls.ConnectionOptions = options as tls.ConnectionOptions;
  tls.connect(asOptions);
}

/** A program that can be given either module. */
export function eitherModule(
  implementation: Pick<typeof nodeTls, 'checkServerIdentity' | 'getCiphers' | 'rootCertificates'>,
): number {
  return implementation.getCiphers().length + implementation.rootCertificates.length;
}

export function modules(): void {
  eitherModule(tls);
  const context: tls.SecureContext = tls.createSecureContext({ minVersion: 'TLSv1.2', ca: ['a'] });
  context.addCACert('pem');
  const error: Error | undefined = tls.checkServerIdentity('a.test', {} as nodeTls.PeerCertificate);
  const names: string[] = tls.getCiphers();
  const version: nodeTls.SecureVersion = tls.DEFAULT_MIN_VERSION;
  names.push(version, String(error), tls.rootCertificates[0] ?? '');
}

export function servers(site: http.Server): net.Server {
  const server = tls.createServer({ key: 'k', cert: 'c', requestCert: true }, (socket) => {
    useSocket(socket);
    site.emit('connection', socket);
  });
  server.on('tlsClientError', (problem: Error, socket: tls.TLSSocket) => {
    socket.destroy(problem);
  });
  server.addContext('a.test', { key: 'k', cert: 'c' });
  server.setSecureContext({ key: 'k', cert: 'c' });
  server.setTicketKeys(server.getTicketKeys());
  return server.listen(443);
}

// @ts-expect-error -- options of wrong types are refused by the compiler as well
tls.createSecureContext({ minVersion: 'TLSv9' });
// @ts-expect-error -- a port is a number or text
tls.connect({ port: true });
