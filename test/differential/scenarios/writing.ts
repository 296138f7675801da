/** Writes that are under way when something else happens. */
import type { TLSSocket } from 'node:tls';
import { closed, connectPair, HOST, readAll, serve, trusting, watch } from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type ScenarioTable } from '../support/scenario';

/** More than a paused peer and the system in between take. */
const TOO_MUCH = 32 * 1024 * 1024;

/** Writes what the peer does not read, and lets the system take of it what it can. */
async function stall(client: TLSSocket, onWritten: (error: unknown) => void): Promise<void> {
  client.write(Buffer.alloc(TOO_MUCH), onWritten);
  await new Promise(setImmediate);
}

export const scenarios: ScenarioTable = {
  ...forVersions(
    'destroy in the callback of a write sends the next',
    (version) => async (tls, log) => {
      const { port } = await serve(tls, { maxVersion: version }, (socket) => {
        socket.write('one ', () => {
          socket.write('two ', () => socket.destroy());
          socket.write('three', (error) => log('server', 'written', error));
        });
      });
      const client = own(tls.connect({ port, host: HOST, ...trusting() }));
      log('client', 'text', await readAll(client));
    },
  ),
  'destroy while the peer takes nothing': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.pause();
    watch(log, 'client', client, ['error', 'close']);
    await stall(client, (error) => log('write', 'written', error));
    log('client', 'bytes', client.bytesWritten, client.writableLength > 0);
    client.destroy();
    await closed(client);
  },
  'destroy with an error while the peer takes nothing': async (tls, log) => {
    const { client, peer } = await connectPair(tls);
    peer.pause();
    await stall(client, (error) => log('write', 'written', error));
    client.write('more', (error) => log('behind', 'written', error));
    client.destroy(new Error('mine'));
    await closed(client);
  },
};
