/** `Server`: its constructor, its events, its methods of `net.Server`. */
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import {
  closed,
  connectPair,
  HOST,
  listen,
  pipe,
  readAll,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own, ownServer } from '../support/resources';
import { forVersions, outcome, type ScenarioTable } from '../support/scenario';

export const scenarios: ScenarioTable = {
  'createServer(options, listener)': async (tls, log) => {
    const server = ownServer(
      tls.createServer(serverIdentity(), (socket) => {
        log('server', 'listener', socket instanceof tls.TLSSocket);
        own(socket).end('x');
      }),
    );
    watch(log, 'server', server, ['listening', 'connection', 'secureConnection', 'close']);
    const port = await listen(server);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    log('client', 'text', await readAll(client));
    server.close();
    await once(server, 'close');
  },
  'createServer(listener) has no certificate': async (tls, log) => {
    const server = ownServer(tls.createServer(() => log('server', 'listener')));
    watch(log, 'server', server, ['tlsClientError']);
    const port = await listen(server);
    const failed = once(server, 'tlsClientError');
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    await failed;
    await closed(client);
  },
  'new Server and Server without new': (tls, log) => {
    const call = tls.Server as unknown as (options: object) => Server;
    log('server', 'new', new tls.Server(serverIdentity()) instanceof net.Server);
    log(
      'server',
      'call',
      outcome(() => call(serverIdentity()) instanceof tls.Server),
    );
  },
  'Server with options of wrong types': (tls, log) => {
    const make = (options: unknown): unknown =>
      outcome(() => {
        tls.createServer(options as object);
      });
    log('server', 'string', make('x'));
    log('server', 'handshakeTimeout', make({ handshakeTimeout: 'x' }));
    log('server', 'sessionTimeout', make({ sessionTimeout: 'x' }));
    log('server', 'ticketKeys', make({ ticketKeys: Buffer.alloc(3) }));
    log('server', 'key', make({ key: 5, cert: serverIdentity().cert }));
    log('server', 'ALPNProtocols', make({ ALPNProtocols: 5 }));
    log('server', 'sessionIdContext', make({ sessionIdContext: 5 }));
  },
  'address and listening': async (tls, log) => {
    const { server } = await serve(tls);
    const address = server.address() as net.AddressInfo;
    log('server', 'address', address.address, address.family, server.listening);
    server.close();
    await once(server, 'close');
    log('server', 'closed', server.address(), server.listening);
  },
  getConnections: async (tls, log) => {
    const { server } = await connectPair(tls);
    const count = await new Promise((resolve) => {
      server.getConnections((_error, connections) => resolve(connections));
    });
    log('server', 'connections', count);
  },
  maxConnections: async (tls, log) => {
    const { server, port } = await serve(tls);
    server.maxConnections = 1;
    const first = own(tls.connect({ port, host: HOST, ...trusting() }));
    await once(first, 'secureConnect');
    const second = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'second', second, ['secureConnect', 'close']);
    await closed(second);
  },
  'close waits for connections': async (tls, log) => {
    const { server, client } = await connectPair(tls);
    watch(log, 'server', server, ['close']);
    server.close();
    log('server', 'closing');
    client.end();
    client.resume();
    await once(server, 'close');
  },
  'emit connection with a socket': async (tls, log) => {
    const server = ownServer(tls.createServer(serverIdentity()));
    server.on('secureConnection', (socket) => own(socket).end('x'));
    const plain = net.createServer((socket) => server.emit('connection', socket));
    const port = await listen(plain);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    log('client', 'text', await readAll(client));
  },
  'emit connection with a Duplex': async (tls, log) => {
    const [left, right] = pipe();
    const server = ownServer(tls.createServer(serverIdentity()));
    server.on('secureConnection', (socket: TLSSocket) => {
      log('server', 'address', socket.remoteAddress);
      own(socket).end('x');
    });
    server.emit('connection', right);
    const client = own(tls.connect({ socket: left, ...trusting() }));
    log('client', 'text', await readAll(client));
  },
  'the server property of its sockets': async (tls, log) => {
    const { server, peer } = await connectPair(tls);
    log('server', 'same', (peer as unknown as { server: unknown }).server === server);
  },
  setSecureContext: async (tls, log) => {
    const { server, port } = await serve(tls);
    const subject = async (): Promise<unknown> => {
      const client = own(tls.connect({ port, host: HOST, ...trusting() }));
      await once(client, 'secureConnect');
      return client.getPeerCertificate().subject;
    };
    log('client', 'before', await subject());
    server.setSecureContext({ key: fixtures().rsa.key, cert: fixtures().rsa.cert });
    log('client', 'after', await subject());
    log(
      'server',
      'bad',
      outcome(() => server.setSecureContext('x' as unknown as object)),
    );
    log(
      'server',
      'bad key',
      outcome(() => server.setSecureContext({ key: 'x', cert: 'y' })),
    );
    log('client', 'still', await subject());
  },
  captureRejections: async (tls, log) => {
    const { captureRejections } = EventEmitter;
    EventEmitter.captureRejections = true;
    const { server, port } = await serve(tls);
    EventEmitter.captureRejections = captureRejections;
    server.on('secureConnection', async (socket) => {
      watch(log, 'server', socket, ['error', 'close']);
      throw new Error('rejected');
    });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, ['close']);
    client.resume();
    await closed(client);
  },
  'noDelay and keepAlive options': async (tls, log) => {
    const { client } = await connectPair(tls, {
      server: { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 } as object,
      client: { noDelay: true, keepAlive: true, keepAliveInitialDelay: 1000 } as object,
    });
    log('client', 'authorized', client.authorized);
  },
  ...forVersions('server socket events', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, { maxVersion: version });
    server.on('secureConnection', (socket) => {
      watch(log, 'peer', socket, ['secure', 'data', 'end', 'finish', 'error', 'close']);
    });
    const accepted = once(server, 'secureConnection') as Promise<[TLSSocket]>;
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.end('x');
    client.resume();
    await closed(client);
    await closed((await accepted)[0]);
  }),
  'timeout of server sockets': async (tls, log) => {
    const { server, port } = await serve(tls);
    server.on('secureConnection', (socket) => {
      socket.setTimeout(30, () => {
        log('server', 'timeout');
        socket.end();
      });
    });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.resume();
    await closed(client);
  },
  'ref, unref and close with a callback': async (tls, log) => {
    const { server } = await serve(tls);
    log('server', 'returned', server.ref() === server, server.unref() === server);
    await new Promise<void>((resolve) => {
      server.close((error) => {
        log('server', 'closed', error);
        resolve();
      });
    });
    await new Promise<void>((resolve) => {
      server.close((error) => {
        log('server', 'closed again', error);
        resolve();
      });
    });
  },
  'a port in use': async (tls, log) => {
    const { port } = await serve(tls);
    const second = ownServer(tls.createServer(serverIdentity()));
    second.listen(port, HOST);
    const [error] = (await once(second, 'error')) as [NodeJS.ErrnoException];
    log('server', 'error', error.code, error.syscall);
  },
  'tlsClientError gives the socket': async (tls, log) => {
    const { server, port } = await serve(tls);
    const failed = once(server, 'tlsClientError');
    own(net.connect(port, HOST)).resume().end('x'.repeat(100));
    const [error, socket] = (await failed) as [NodeJS.ErrnoException, TLSSocket];
    log('server', 'failed', error.code, socket instanceof tls.TLSSocket);
  },
  'tlsClientError before the refusal leaves': async (tls, log) => {
    const { server, port } = await serve(tls, { minVersion: 'TLSv1.3' });
    watch(log, 'server', server, ['tlsClientError']);
    const client = own(tls.connect({ port, host: HOST, ...trusting(), maxVersion: 'TLSv1.2' }));
    watch(log, 'client', client, ['error', 'close']);
    await closed(client);
  },
  'keylog events': async (tls, log) => {
    const lines = { client: 0, server: 0 };
    const { client } = await connectPair(tls, {
      prepareServer: (server) => {
        server.on('keylog', (line: Buffer, socket: TLSSocket) => {
          lines.server += 1;
          if (lines.server === 1) {
            log('server', 'keylog', line.toString().split(' ')[0], socket instanceof tls.TLSSocket);
          }
        });
      },
      prepareClient: (socket) => {
        socket.on('keylog', (line: Buffer) => {
          lines.client += 1;
          log('client', 'keylog', line.toString().split(' ')[0], line.at(-1));
        });
      },
    });
    log('client', 'lines', lines.client);
    log('server', 'lines', lines.server);
    client.destroy();
  },
  'keylog events (TLSv1.2)': async (tls, log) => {
    await connectPair(tls, {
      client: { maxVersion: 'TLSv1.2' },
      prepareServer: (server) => {
        server.on('keylog', (line: Buffer) => {
          log('server', 'keylog', line.toString().split(' ')[0]);
        });
      },
      prepareClient: (socket) => {
        socket.on('keylog', (line: Buffer) => {
          log('client', 'keylog', line.toString().split(' ')[0]);
        });
      },
    });
  },
};
