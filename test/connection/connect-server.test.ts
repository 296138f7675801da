import type net from 'node:net';
import {
  connect,
  createSecureContext,
  createServer,
  type OnionServer,
  type OnionServerOptions,
  type OnionSocket,
} from '../../src';
import { Inbox, next, watch } from '../support/events';
import { clientOptions, levelsTo, serverOptions } from '../support/identities';
import { tcpTransports, track, trackServer } from '../support/pairs';

async function listen(options: OnionServerOptions): Promise<{ server: OnionServer; port: number }> {
  const server = trackServer(createServer(options));
  server.on('secureConnection', (socket: OnionSocket) => track(socket).on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as net.AddressInfo).port };
}

const layers = (depth: number) => ({
  client: levelsTo(depth).map((level) => clientOptions(level)),
  server: levelsTo(depth).map((level) => serverOptions(level)),
});

describe('connect and createServer', () => {
  test('make one layer from their own options', async () => {
    const { server, port } = await listen(serverOptions(1));
    const accepted = next<[OnionSocket]>(server, 'secureConnection');
    const client = track(connect({ port, host: '127.0.0.1', ...clientOptions(1) }));
    await next(client, 'secureConnect');
    const [socket] = await accepted;
    expect([client.depth, socket.depth]).toEqual([1, 1]);
    expect(client.authorized).toBe(true);
    const inbox = new Inbox(socket);
    client.write('hello');
    expect(await inbox.text(5)).toBe('hello');
  });

  test.each([0, 2, 5])('make the %i layers that they are given', async (depth) => {
    const { server, port } = await listen({ layers: layers(depth).server });
    const accepted = next<[OnionSocket]>(server, 'secureConnection');
    const client = track(connect({ port, host: '127.0.0.1', layers: layers(depth).client }));
    await next(client, 'secureConnect');
    const [socket] = await accepted;
    expect([client.depth, socket.depth]).toEqual([depth, depth]);
    const ending = watch(client);
    socket.resume();
    client.resume().end('hello');
    await ending.closed;
    expect(ending.errors).toEqual([]);
  });

  test('call the listeners that they are given', async () => {
    const server = trackServer(
      createServer(serverOptions(1), (socket) => track(socket).end('welcome')),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as net.AddressInfo;
    const client = await new Promise<OnionSocket>((resolve) => {
      const socket = track(
        connect({ port, host: '127.0.0.1', ...clientOptions(1) }, () => resolve(socket)),
      );
    });
    expect((await new Inbox(client).rest()).toString()).toBe('welcome');
  });

  test('use a transport that is there already', async () => {
    const [a, b] = await tcpTransports();
    const [outer] = [track(connect({ socket: a, ...clientOptions(1) }))];
    const peer = track(connect({ socket: b, ...serverOptions(1) }));
    await Promise.all([next(outer, 'secureConnect'), next(peer, 'secureConnect')]);
    expect(outer.transport).toBe(a);
  });

  test('let what was written before the connection go through the layers', async () => {
    const { server, port } = await listen({ layers: layers(3).server });
    const accepted = next<[OnionSocket]>(server, 'secureConnection');
    const client = track(connect({ port, host: '127.0.0.1', layers: layers(3).client }));
    client.write('early');
    const [socket] = await accepted;
    expect(await new Inbox(socket).text(5)).toBe('early');
  });

  test('report a client that fails, and go on with the next', async () => {
    const { server, port } = await listen({ layers: layers(2).server });
    const failed = next<[Error, OnionSocket]>(server, 'tlsClientError');
    const [first, second] = layers(2).client;
    const wrong = { ...second, servername: 'other.test' };
    const refused = track(connect({ port, host: '127.0.0.1', layers: [first ?? {}, wrong] }));
    const ending = watch(refused);
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({ name: 'CertificateError', layer: 2 });
    const [error, socket] = await failed;
    expect(error).toMatchObject({ name: 'AlertError', layer: 2 });
    expect(socket.destroyed).toBe(true);

    const client = track(connect({ port, host: '127.0.0.1', layers: layers(2).client }));
    await next(client, 'secureConnect');
  });

  test('say that there are more layers than maxDepth allows', async () => {
    const { server, port } = await listen({ layers: layers(2).server });
    const options = { host: '127.0.0.1', layers: layers(2).client };
    const client = track(connect({ port, ...options, maxDepth: 1 }));
    const ending = watch(client);
    await ending.closed;
    expect(ending.errors[0]).toMatchObject({
      name: 'LimitError',
      code: 'ERR_ONION_LIMIT',
      layer: 2,
    });

    const strict = await listen({ layers: layers(2).server, maxDepth: 1 });
    const failed = next<[Error, OnionSocket]>(strict.server, 'tlsClientError');
    track(connect({ port: strict.port, ...options })).on('error', () => {});
    const [error, socket] = await failed;
    expect(error).toMatchObject({ name: 'LimitError', layer: 2 });
    expect(socket.destroyed).toBe(true);
    expect(server.listening).toBe(true);
  });

  test('say that nobody listens', async () => {
    const { server, port } = await listen(serverOptions(1));
    await new Promise<void>((resolve) => server.close(() => resolve()));
    const client = track(connect({ port, host: '127.0.0.1', ...clientOptions(1) }));
    const ending = watch(client);
    await ending.closed;
    expect(ending.errors).toHaveLength(1);
    expect(ending.errors[0]).toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('SNICallback', () => {
  test('is asked for the context of the name', async () => {
    const { server, port } = await listen({
      ...serverOptions(1),
      SNICallback: (name, callback) => {
        expect(name).toBe('layer2.test');
        const { key, cert } = serverOptions(2);
        setImmediate(() => callback(null, createSecureContext({ key, cert })));
      },
    });
    const accepted = next<[OnionSocket]>(server, 'secureConnection');
    const client = track(connect({ port, host: '127.0.0.1', ...clientOptions(2) }));
    await next(client, 'secureConnect');
    expect(client.getPeerCertificate().subject.CN).toBe('layer2.test');
    expect((await accepted)[0].servername).toBe('layer2.test');
  });
});

describe('the events of a layer', () => {
  test('hand out key log lines and sessions, and a session can be resumed', async () => {
    const { port } = await listen({ layers: layers(2).server });
    const lines: [string, number][] = [];
    const first = track(connect({ port, host: '127.0.0.1', layers: layers(2).client }));
    first.on('keylog', (line: Buffer, layer) => lines.push([line.toString(), layer.index]));
    const sessions = new Map<number, Buffer>();
    const both = new Promise<void>((resolve) => {
      first.on('session', (session: Buffer, layer) => {
        sessions.set(layer.index, session);
        if (sessions.size === 2) resolve();
      });
    });
    first.resume();
    await both;
    expect(new Set(lines.map(([, layer]) => layer))).toEqual(new Set([1, 2]));
    expect(lines[0]?.[0]).toMatch(/^(CLIENT|SERVER)_\w+ [0-9a-f]{64} [0-9a-f]+\n$/);

    const again = layers(2).client.map((options, index) => {
      return { ...options, session: sessions.get(index + 1) as Buffer };
    });
    const second = track(connect({ port, host: '127.0.0.1', layers: again }));
    await next(second, 'secureConnect');
    expect(second.layers.map((layer) => layer.isSessionReused())).toEqual([true, true]);
    expect(second.authorized).toBe(true);
  });
});
