/** The ways to call `connect`, and what a client shows until it is secure. */
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import {
  closed,
  connectPair,
  HOST,
  listen,
  pipe,
  readLength,
  SOCKET_EVENTS,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own, ownServer } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable, type TLS } from '../support/scenario';

function state(socket: TLSSocket): unknown {
  const { connecting, pending, readyState, encrypted, authorized, destroyed } = socket;
  return { connecting, pending, readyState, encrypted, authorized, destroyed };
}

/** Connects in one way and logs its events until both ends are secure. */
async function connectBy(
  tls: TLS,
  log: Log,
  call: (port: number, secure: () => void) => TLSSocket,
): Promise<void> {
  const { server, port } = await serve(tls);
  const client = own(call(port, () => log('client', 'listener')));
  log('client', 'initially', state(client));
  watch(log, 'client', client, SOCKET_EVENTS);
  await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
  log('client', 'secure', state(client), client.servername, client.authorizationError);
}

const insecure: ConnectionOptions = { rejectUnauthorized: false };

export const scenarios: ScenarioTable = {
  'connect(options, listener)': (tls, log) =>
    connectBy(tls, log, (port, secure) => tls.connect({ port, host: HOST, ...trusting() }, secure)),
  'connect(port, host, options, listener)': (tls, log) =>
    connectBy(tls, log, (port, secure) => tls.connect(port, HOST, trusting(), secure)),
  'connect(port, options, listener)': (tls, log) =>
    connectBy(tls, log, (port, secure) => tls.connect(port, { host: HOST, ...trusting() }, secure)),
  'connect(port, host, options)': (tls, log) =>
    connectBy(tls, log, (port) => tls.connect(port, HOST, trusting())),
  'connect(port, options)': (tls, log) =>
    connectBy(tls, log, (port) => tls.connect(port, { host: HOST, ...trusting() })),
  'connect(options) overrides the port argument': (tls, log) =>
    connectBy(tls, log, (port) => tls.connect(1, { port, host: HOST, ...trusting() })),
  'connect to an IP address sends no servername': (tls, log) =>
    connectBy(tls, log, (port) => tls.connect({ port, host: HOST, ca: trusting().ca })),
  'connect with servername an IP address': (tls, log) =>
    log(
      'client',
      'connect',
      outcome(() => {
        own(tls.connect({ port: 9, host: HOST, servername: '127.0.0.1', ...insecure })).destroy();
      }),
    ),
  'connect with an empty servername': (tls, log) =>
    connectBy(tls, log, (port) => tls.connect({ port, host: HOST, ...insecure, servername: '' })),
  'connect over a connected socket': async (tls, log) => {
    const { server, port } = await serve(tls);
    const socket = own(net.connect(port, HOST));
    await once(socket, 'connect');
    const client = own(tls.connect({ socket, ...trusting() }));
    log('client', 'initially', state(client));
    watch(log, 'client', client, SOCKET_EVENTS);
    await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
    log('client', 'address', client.remoteAddress, client.remotePort === port);
    client.end();
    client.resume();
    await closed(client);
    log('client', 'transport destroyed', socket.destroyed);
  },
  'connect over a socket that is still connecting': async (tls, log) => {
    const { server, port } = await serve(tls);
    const socket = own(net.connect(port, HOST));
    const client = own(tls.connect({ socket, ...trusting() }));
    log('client', 'initially', state(client));
    watch(log, 'client', client, SOCKET_EVENTS);
    await Promise.all([once(server, 'secureConnection'), once(client, 'secureConnect')]);
    log('client', 'secure', state(client));
  },
  'connect over a Duplex': async (tls, log) => {
    const [left, right] = pipe();
    const server = ownServer(tls.createServer(serverIdentity()));
    server.on('secureConnection', (peer) => {
      own(peer).on('data', (chunk: Buffer) => peer.write(`re: ${chunk}`));
    });
    server.emit('connection', right);
    const client = own(tls.connect({ socket: left, ...trusting() }));
    log('client', 'initially', state(client));
    watch(log, 'client', client, SOCKET_EVENTS);
    await once(client, 'secureConnect');
    client.write('hello');
    log('client', 'data', await readLength(client, 9));
    log('client', 'address', client.remoteAddress, client.remotePort, client.address());
  },
  'connect over a Unix socket': async (tls, log) => {
    const path = join(tmpdir(), `onion-tls-${process.pid}.sock`);
    rmSync(path, { force: true });
    const server = ownServer(tls.createServer(serverIdentity(), own));
    server.listen(path);
    await once(server, 'listening');
    const client = own(tls.connect({ path, ...trusting() }));
    log('client', 'initially', state(client));
    watch(log, 'client', client, SOCKET_EVENTS);
    await once(client, 'secureConnect');
    log('client', 'address', client.remoteAddress, client.address());
  },
  'connect(path, options) to a Unix socket': async (tls, log) => {
    const path = join(tmpdir(), `onion-tls-${process.pid}.sock`);
    rmSync(path, { force: true });
    const server = ownServer(tls.createServer(serverIdentity(), own));
    server.listen(path);
    await once(server, 'listening');
    const connect = tls.connect as unknown as (path: string, options: object) => TLSSocket;
    const client = own(connect(path, trusting()));
    watch(log, 'client', client, SOCKET_EVENTS);
    await once(client, 'secureConnect');
  },
  'connect with a lookup function': (tls, log) =>
    connectBy(tls, log, (port) =>
      tls.connect({
        port,
        host: 'localhost',
        ca: trusting().ca,
        lookup: ((
          name: string,
          options: { all?: boolean },
          callback: (...a: unknown[]) => void,
        ) => {
          log('client', 'lookup called', name);
          if (options.all) callback(null, [{ address: HOST, family: 4 }]);
          else callback(null, HOST, 4);
        }) as net.LookupFunction,
      }),
    ),
  'connect to a host name uses it as servername': (tls, log) =>
    connectBy(tls, log, (port) =>
      tls.connect({
        port,
        host: 'localhost',
        family: 4,
        autoSelectFamily: false,
        ca: trusting().ca,
      } as ConnectionOptions),
    ),
  'connect tries the addresses of a host': async (tls, log) => {
    const { port } = await serve(tls);
    const client = own(
      tls.connect({
        port,
        host: 'localhost',
        ca: trusting().ca,
        autoSelectFamily: true,
        autoSelectFamilyAttemptTimeout: 1000,
        lookup: ((_name: string, _options: object, callback: (...a: unknown[]) => void) => {
          callback(null, [
            { address: '127.0.0.3', family: 4 },
            { address: HOST, family: 4 },
          ]);
        }) as net.LookupFunction,
      } as ConnectionOptions),
    );
    const events = ['connectionAttempt', 'connectionAttemptFailed', 'connect', 'secureConnect'];
    watch(log, 'client', client, events, (_event, values) => values.slice(0, 1));
    await once(client, 'secureConnect');
    log('client', 'attempted', client.autoSelectFamilyAttemptedAddresses?.length);
  },
  'connect with a failing lookup': async (tls, log) => {
    const client = own(
      tls.connect({
        port: 9,
        host: 'nowhere.test',
        lookup: (_name, _options, callback) => {
          callback(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), '', 4);
        },
      }),
    );
    watch(log, 'client', client, SOCKET_EVENTS);
    await closed(client);
  },
  'connect to a closed port': async (tls, log) => {
    const closing = net.createServer();
    const port = await listen(closing);
    closing.close();
    await once(closing, 'close');
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, SOCKET_EVENTS, (event, values) =>
      event === 'error' ? [(values[0] as NodeJS.ErrnoException).code] : [],
    );
    await closed(client);
    log('client', 'closed', state(client));
  },
  'connect to a path that does not exist': async (tls, log) => {
    const client = own(tls.connect({ path: '/nonexistent/socket', ...trusting() }));
    watch(log, 'client', client, SOCKET_EVENTS);
    await closed(client);
  },
  'connect with a port out of range': (tls, log) => {
    log(
      'client',
      'connect',
      outcome(() => {
        own(tls.connect({ port: 65536, host: HOST }));
      }),
    );
  },
  'connect with neither port nor path nor socket': (tls, log) => {
    log(
      'client',
      'connect',
      outcome(() => {
        own(tls.connect({}));
      }),
    );
  },
  'connect with a timeout that expires while idle': async (tls, log) => {
    const { client } = await connectPair(tls, { client: { timeout: 50 } });
    log('client', 'timeout property', client.timeout);
    await once(client, 'timeout');
    log('client', 'timeout', client.destroyed);
  },
  'connect with an aborted signal': async (tls, log) => {
    const { port } = await serve(tls);
    const options = { port, host: HOST, ...trusting(), signal: AbortSignal.abort() };
    const client = own(tls.connect(options as ConnectionOptions));
    watch(log, 'client', client, SOCKET_EVENTS);
    await closed(client);
    log('client', 'closed', state(client));
  },
  'connect with a signal aborted while connecting': async (tls, log) => {
    const { port } = await serve(tls);
    const abort = new AbortController();
    const options = { port, host: HOST, ...trusting(), signal: abort.signal };
    const client = own(tls.connect(options as ConnectionOptions));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    abort.abort();
    await closed(client);
  },
  'connect with localAddress': async (tls, log) => {
    const { client } = await connectPair(tls, { client: { localAddress: '127.0.0.2' } as object });
    log('client', 'localAddress', client.localAddress);
  },
  'two sockets in nested TLS': async (tls, log) => {
    const inner = ownServer(tls.createServer(serverIdentity()));
    inner.on('secureConnection', (peer) => own(peer).end('from the inner layer'));
    const { port } = await serve(tls, {}, (peer) => inner.emit('connection', peer));
    const outer = own(tls.connect({ port, host: HOST, ...trusting() }));
    const client = own(tls.connect({ socket: outer, ...trusting() }));
    watch(log, 'outer', outer, ['secureConnect', 'error', 'close']);
    watch(log, 'client', client, ['secureConnect', 'end', 'error', 'close']);
    client.on('data', (chunk: Buffer) => log('client', 'data', chunk.toString()));
    await closed(client);
    await closed(outer);
  },
  ...forVersions('address data of both ends', (version) => async (tls, log) => {
    const { client, peer, port } = await connectPair(tls, { client: { maxVersion: version } });
    const show = (socket: TLSSocket): unknown => ({
      localAddress: socket.localAddress,
      localFamily: socket.localFamily,
      remoteAddress: socket.remoteAddress,
      remoteFamily: socket.remoteFamily,
      localIsPort: socket.localPort === port,
      remoteIsPort: socket.remotePort === port,
      address: Object.keys(socket.address()).sort(),
      readyState: socket.readyState,
    });
    log('client', 'addresses', show(client));
    log('server', 'addresses', show(peer));
    client.destroy();
    await closed(client);
    log('client', 'after destroy', show(client));
  }),
  ...forVersions('events of both ends in order', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, {
      client: { maxVersion: version },
      prepareClient: (socket) => watch(log, 'client', socket, SOCKET_EVENTS),
      prepareServer: (server) => {
        watch(log, 'server', server, ['listening', 'connection', 'secureConnection', 'close']);
        server.on('secureConnection', (socket) => watch(log, 'peer', socket, SOCKET_EVENTS));
      },
    });
    peer.resume();
    client.resume();
    client.end();
    await Promise.all([closed(client), closed(peer)]);
  }),
  'TLSSocket over a socket that already has data': async (tls, log) => {
    const plain = net.createServer((socket) => {
      own(socket).write('ready\n');
      socket.once('data', () => {
        socket.write('go\n');
        const secured = own(new tls.TLSSocket(socket, { isServer: true, ...serverIdentity() }));
        secured.on('data', (chunk: Buffer) => secured.end(`re: ${chunk}`));
      });
    });
    const port = await listen(plain);
    const socket = own(net.connect(port, HOST));
    log('client', 'line', await readLength(socket, 6));
    socket.write('starttls\n');
    log('client', 'line', await readLength(socket, 3));
    const client = own(tls.connect({ socket: socket as Duplex, ...trusting() }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    client.write('hello');
    client.on('data', (chunk: Buffer) => log('client', 'data', chunk.toString()));
    await closed(client);
  },
};
