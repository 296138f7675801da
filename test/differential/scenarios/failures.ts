/** Peers that do not do what they should. */
import { once } from 'node:events';
import net from 'node:net';
import { closed, HOST, listen, readLength, serve, trusting, watch, within } from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type Scenario, type ScenarioTable } from '../support/scenario';

const EVENTS = ['connect', 'secureConnect', 'end', 'error', 'close'];

/** A client of a plain TCP server that does `act` on each connection. */
function plainServer(act: (socket: net.Socket) => void, client: object = {}): Scenario {
  return async (tls, log) => {
    const port = await listen(net.createServer((socket) => act(own(socket))));
    const socket = own(tls.connect({ port, host: HOST, ...trusting(), ...client }));
    watch(log, 'client', socket, EVENTS);
    await closed(socket);
    log('client', 'state', socket.authorized, socket.destroyed);
  };
}

/** A plain TCP client that sends bytes to a TLS server. */
function plainClient(
  bytes: string | Buffer,
  end = true,
  server: object = {},
  expect: 'failed' | 'closed' = 'closed',
): Scenario {
  return async (tls, log) => {
    const { server: listening, port } = await serve(tls, server);
    watch(log, 'server', listening, ['secureConnection', 'tlsClientError']);
    const failed = once(listening, 'tlsClientError') as Promise<unknown[]>;
    const socket = own(net.connect(port, HOST));
    socket.resume();
    if (end) socket.end(bytes);
    else socket.write(bytes);
    const [, failing] = await failed;
    if (expect === 'failed') return;
    await closed(failing as net.Socket);
    log('server', 'socket destroyed', (failing as net.Socket).destroyed);
  };
}

const HELLO_START = Buffer.from('16030100c8010000c40303', 'hex');

export const scenarios: ScenarioTable = {
  'the server speaks HTTP': plainServer((socket) => {
    socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
  }),
  'the server speaks SMTP': plainServer((socket) => {
    socket.write('220 mail.test ESMTP\r\n');
  }),
  'the server closes at once': plainServer((socket) => {
    socket.end();
    socket.resume();
  }),
  'the server closes after the ClientHello': plainServer((socket) => {
    socket.once('data', () => socket.end());
  }),
  'the server resets after the ClientHello': plainServer((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  }),
  'the server sends a fatal alert': plainServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from('15030300020228', 'hex')));
  }),
  'the server sends a record of a wrong version': plainServer((socket) => {
    socket.once('data', () => socket.write(Buffer.from('16050000020000', 'hex')));
  }),
  'the server sends garbage': plainServer((socket) => {
    socket.write(Buffer.alloc(64, 0xff));
  }),
  'the server sends close_notify in the handshake': plainServer((socket) => {
    socket.once('data', () => socket.end(Buffer.from('15030300020100', 'hex')));
  }),
  'the client speaks HTTP': plainClient('GET / HTTP/1.1\r\n\r\n'),
  'the client sends garbage': plainClient(Buffer.alloc(64, 0xff)),
  'the client closes at once': plainClient('', true, {}, 'failed'),
  'the client closes in the middle of its ClientHello': plainClient(
    HELLO_START,
    true,
    {},
    'failed',
  ),
  'the client sends a fatal alert': plainClient(Buffer.from('15030300020228', 'hex')),
  'the client sends nothing: handshakeTimeout': plainClient(
    '',
    false,
    { handshakeTimeout: 60 },
    'failed',
  ),
  'the client stops in its ClientHello: handshakeTimeout': plainClient(
    HELLO_START,
    false,
    { handshakeTimeout: 60 },
    'failed',
  ),
  'handshakeTimeout closes the connection': async (tls, log) => {
    const { server, port } = await serve(tls, { handshakeTimeout: 40 });
    const failed = once(server, 'tlsClientError');
    const socket = own(net.connect(port, HOST));
    socket.resume();
    await failed;
    log('client', 'closed', await within(200, closed(socket)));
  },
  'the client resets': async (tls, log) => {
    const { server, port } = await serve(tls);
    watch(log, 'server', server, ['secureConnection', 'tlsClientError']);
    const failed = once(server, 'tlsClientError');
    const socket = own(net.connect(port, HOST));
    socket.write(HELLO_START, () => socket.resetAndDestroy());
    await failed;
  },
  'a server whose client errors have no listener lives on': async (tls, log) => {
    const { server, port } = await serve(tls);
    server.removeAllListeners('tlsClientError');
    const broken = own(net.connect(port, HOST));
    broken.resume().end('nonsense');
    await closed(broken);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    await once(client, 'secureConnect');
    log('client', 'authorized', client.authorized);
  },
  ...forVersions('corrupted record after the handshake', (version) => async (tls, log) => {
    const { port } = await serve(tls, { maxVersion: version });
    const transport = own(net.connect(port, HOST));
    await once(transport, 'connect');
    const client = own(tls.connect({ socket: transport, ...trusting() }));
    await once(client, 'secureConnect');
    watch(log, 'client', client, ['error']);
    const failed = once(client, 'error');
    const record = Buffer.concat([Buffer.from('1703030040', 'hex'), Buffer.alloc(64, 1)]);
    transport.write(record);
    client.resume();
    await failed;
  }),
  ...forVersions(
    'a fatal error after the handshake closes the connection',
    (version) => async (tls, log) => {
      const { server, port } = await serve(tls, { maxVersion: version });
      const transport = own(net.connect(port, HOST));
      await once(transport, 'connect');
      const client = own(tls.connect({ socket: transport, ...trusting() }));
      const [[peer]] = await Promise.all([
        once(server, 'secureConnection'),
        once(client, 'secureConnect'),
      ]);
      peer.resume();
      client.resume();
      transport.write('this is no record');
      log('server', 'closed', await within(200, closed(peer)));
      log('client', 'closed', await within(200, closed(client)));
    },
  ),
  ...forVersions('plaintext in the middle of a connection', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, { maxVersion: version });
    const transport = own(net.connect(port, HOST));
    await once(transport, 'connect');
    const client = own(tls.connect({ socket: transport, ...trusting() }));
    const [[peer]] = await Promise.all([
      once(server, 'secureConnection'),
      once(client, 'secureConnect'),
    ]);
    const failed = once(peer, 'error');
    watch(log, 'server', peer, ['error']);
    peer.resume();
    transport.write('this is no record');
    await failed;
  }),
  ...forVersions(
    'a TLS server behind a TLS server: one layer too few',
    (version) => async (tls, log) => {
      const { port } = await serve(tls, { maxVersion: version }, (socket) => {
        socket.on('data', () => undefined);
        socket.write('not a handshake of an inner layer');
      });
      const outer = own(tls.connect({ port, host: HOST, ...trusting() }));
      const inner = own(tls.connect({ socket: outer, ...trusting() }));
      watch(log, 'client', inner, ['secureConnect', 'error', 'close']);
      await closed(inner);
    },
  ),
  ...forVersions('the transport is reset after the handshake', (version) => async (tls, log) => {
    const { port } = await serve(tls, { maxVersion: version }, (socket) => socket.pipe(socket));
    let near: net.Socket | undefined;
    const relay = net.createServer((socket) => {
      near = own(socket);
      const far = own(net.connect(port, HOST));
      socket.pipe(far).pipe(socket);
    });
    const relayPort = await listen(relay);
    const client = own(tls.connect({ port: relayPort, host: HOST, ...trusting() }));
    await once(client, 'secureConnect');
    watch(log, 'client', client, ['end', 'error', 'close']);
    client.write('x');
    await readLength(client, 1);
    near?.resetAndDestroy();
    await closed(client);
  }),
  'the transport is destroyed under the client': async (tls, log) => {
    const { port } = await serve(tls);
    const transport = own(net.connect(port, HOST));
    await once(transport, 'connect');
    const client = own(tls.connect({ socket: transport, ...trusting() }));
    await once(client, 'secureConnect');
    watch(log, 'client', client, ['end', 'error', 'close']);
    client.resume();
    transport.destroy();
    await closed(client);
  },
  'the transport is destroyed with an error under the client': async (tls, log) => {
    const { port } = await serve(tls);
    const transport = own(net.connect(port, HOST));
    await once(transport, 'connect');
    const client = own(tls.connect({ socket: transport, ...trusting() }));
    await once(client, 'secureConnect');
    watch(log, 'client', client, ['end', 'error', 'close']);
    client.resume();
    transport.destroy(new Error('cable cut'));
    await closed(client);
  },
  'the transport is destroyed in the handshake': async (tls, log) => {
    const port = await listen(net.createServer((socket) => own(socket).resume()));
    const transport = own(net.connect(port, HOST));
    await once(transport, 'connect');
    const client = own(tls.connect({ socket: transport, ...trusting() }));
    watch(log, 'client', client, ['end', 'error', 'close']);
    transport.destroy();
    await closed(client);
  },
};
