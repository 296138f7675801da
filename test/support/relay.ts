/**
 * A program speaks one layer only: the layers below it are ended by a relay made of our own stack, so that the program's
 * layer is the innermost of several.
 *
 *   our socket: layers 1 … N  ◄── TCP ──►  relay: layers 1 … N-1  ◄── TCP ──►  program: layer N
 */
import net from 'node:net';
import { type Duplex, pipeline } from 'node:stream';
import { OnionSocket } from '../../src';
import { layerPair, levelsTo } from './identities';
import { quiet, tcpTransports, track, trackServer } from './pairs';

/** Our socket with all layers below the program's, and the stream that the program's bytes come from. */
async function lowerLayers(depth: number): Promise<[ours: OnionSocket, relay: OnionSocket]> {
  const [a, b] = await tcpTransports();
  const [ours, relay] = [quiet(track(new OnionSocket(a))), quiet(track(new OnionSocket(b)))];
  for (const level of levelsTo(depth - 1)) {
    const { client, server } = layerPair(level);
    await Promise.all([ours.startTLS(client), relay.startTLS(server)]);
  }
  return [ours, relay];
}

function join(relay: OnionSocket, transport: Duplex): void {
  pipeline(relay, transport, relay, () => {});
}

/** To a program that listens on a port; layer `depth` is then to be started. */
export async function connectThroughRelay(port: number, depth: number): Promise<OnionSocket> {
  const [ours, relay] = await lowerLayers(depth);
  const transport = track(net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }));
  join(relay, transport);
  return ours;
}

export interface Waiting {
  port: number;
  socket: Promise<OnionSocket>;
}

/** For a program that connects to the port; layer `depth` is then to be accepted. */
export async function listenBehindRelay(depth: number): Promise<Waiting> {
  const server = trackServer(net.createServer({ allowHalfOpen: true }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = new Promise<OnionSocket>((resolve, reject) => {
    server.once('connection', (transport) => {
      track(transport);
      lowerLayers(depth).then(([ours, relay]) => {
        join(relay, transport);
        resolve(ours);
      }, reject);
    });
  });
  return { port: (server.address() as net.AddressInfo).port, socket };
}
