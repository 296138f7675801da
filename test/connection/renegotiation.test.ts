/**
 * TLS 1.2 renegotiation, which only the drop-in for node:tls allows. OpenSSL writes nothing meanwhile: what the application
 * writes has to wait.
 */
import type { AddressInfo } from 'node:net';
import * as tls from '../../src/node-tls';
import { Inbox, next, watch } from '../support/events';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { track, trackServer } from '../support/pairs';
import { Pipe } from '../support/pipe';
import { pattern } from '../support/random';

interface Ends {
  client: tls.TLSSocket;
  server: tls.TLSSocket;
}

async function bothSecure(): Promise<Ends> {
  const pipe = new Pipe();
  const maxVersion = 'TLSv1.2';
  const client = track(
    new tls.TLSSocket(pipe.a, { ...clientOptions(1), maxVersion, allowHalfOpen: true }),
  );
  const server = track(
    new tls.TLSSocket(pipe.b, { ...serverOptions(1), maxVersion, isServer: true }),
  );
  await Promise.all([next(client, 'secure'), next(server, 'secure')]);
  return { client, server };
}

function renegotiated(socket: tls.TLSSocket): Promise<Error | null> {
  return new Promise((resolve) => {
    expect(socket.renegotiate({ rejectUnauthorized: false }, resolve)).toBe(true);
  });
}

describe.each(['client', 'server'] as const)('a renegotiation that the %s starts', (starter) => {
  test('loses nothing that both sides write meanwhile', async () => {
    const { client, server } = await bothSecure();
    const [atClient, atServer] = [new Inbox(client), new Inbox(server)];
    const sent = pattern(300_000);
    const done = renegotiated({ client, server }[starter]);
    client.write(sent);
    server.on('secure', () => server.write(sent));
    expect(await done).toBeNull();
    expect((await atServer.bytes(sent.length)).equals(sent)).toBe(true);
    expect((await atClient.bytes(sent.length)).equals(sent)).toBe(true);
  });

  test('lets the end wait', async () => {
    const { client, server } = await bothSecure();
    const ends = { client, server };
    const [ending, other] = [watch(ends[starter]), starter === 'client' ? server : client];
    const inbox = new Inbox(other);
    ends[starter].resume();
    renegotiated(ends[starter]);
    ends[starter].end('the last');
    expect((await inbox.rest()).toString()).toBe('the last');
    other.end();
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });
});

test('a peer that ends in the middle of a renegotiation takes no answer', async () => {
  const { client, server } = await bothSecure();
  const ending = watch(client);
  server.resume();
  renegotiated(server);
  server.end('the last');
  client.resume();
  client.once('end', () => client.write('too late'));
  await ending.closed;
  expect(ending.errors).toMatchObject([{ code: 'EPIPE' }]);
});

test('asks again whether the certificate is that of the host', async () => {
  const { server: identity } = identityOf(1);
  const server = trackServer(tls.createServer({ ...identity, maxVersion: 'TLSv1.2' }));
  server.on('secureConnection', (socket) => track(socket).on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const refusal = new Error('not the second time');
  let asked = 0;
  const { ca, servername } = clientOptions(1);
  const client = track(
    tls.connect({
      port: (server.address() as AddressInfo).port,
      host: '127.0.0.1',
      ca,
      servername,
      checkServerIdentity: () => (++asked > 1 ? refusal : undefined),
    }),
  );
  await next(client, 'secureConnect');
  const failed = next<[Error]>(client, 'error');
  client.renegotiate({}, () => undefined);
  const [error] = await failed;
  expect(error.message).toBe(refusal.message);
  expect(asked).toBe(2);
});
