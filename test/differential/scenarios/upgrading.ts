/** Connections that were in use before they are given to TLS. */
import { once } from 'node:events';
import net from 'node:net';
import type { Server } from 'node:tls';
import { inherits } from 'node:util';
import {
  closed,
  connectPair,
  HOST,
  listen,
  pipe,
  readAll,
  readLength,
  serve,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own, ownServer } from '../support/resources';
import { forVersions, type Log, type ScenarioTable, type TLS } from '../support/scenario';

/** A server that greets in plain text and then speaks TLS. */
async function greeting(tls: TLS, log: Log): Promise<number> {
  const plain = net.createServer((socket) => {
    own(socket).write('ready\n');
    socket.once('data', () => {
      const secured = own(new tls.TLSSocket(socket, { isServer: true, ...serverIdentity() }));
      secured.on('data', (chunk: Buffer) => secured.end(`re: ${chunk}`));
      secured.on('secure', () => log('server', 'secure'));
    });
  });
  return listen(plain);
}

/** Connects, reads the greeting, and asks for TLS. */
async function greeted(port: number): Promise<net.Socket> {
  const socket = own(net.connect(port, HOST));
  await readLength(socket, 6);
  socket.write('starttls');
  return socket;
}

async function converse(tls: TLS, log: Log, socket: net.Socket): Promise<void> {
  const client = own(tls.connect({ socket, ...trusting() }));
  client.write('hello');
  log('client', 'text', await readAll(client));
}

export const scenarios: ScenarioTable = {
  'events are passed on to the socket below': async (tls, log) => {
    const plain = net.createServer((socket) => {
      own(socket).on('data', (chunk) => log('server', 'data', String(chunk)));
      socket.once('timeout', () => log('server', 'timeout'));
      const secured = own(new tls.TLSSocket(socket, { isServer: true, ...serverIdentity() }));
      for (const event of ['data', 'timeout', 'end', 'close', 'drain', 'error'])
        secured.on(event, (...values) => socket.emit(event, ...values));
      secured.once('timeout', () => secured.end('silence'));
      // The client says nothing more.
      secured.setTimeout(50);
    });
    const client = own(tls.connect({ port: await listen(plain), host: HOST, ...trusting() }));
    client.write('hello');
    log('client', 'text', await readAll(client));
    await closed(client);
  },
  'data listeners that stay see nothing after the upgrade': async (tls, log) => {
    const socket = await greeted(await greeting(tls, log));
    socket.on('data', (chunk) => log('client', 'plain data', chunk.length));
    await converse(tls, log, socket);
  },
  'readable listeners that stay keep nothing back': async (tls, log) => {
    const socket = await greeted(await greeting(tls, log));
    socket.on('readable', () => undefined);
    await converse(tls, log, socket);
  },
  'both ends were read as text': async (tls, log) => {
    const plain = net.createServer((socket) => {
      const upgrade = (text: string): void => {
        log('server', 'plain text', text);
        socket.write('go on');
        const secured = own(new tls.TLSSocket(socket, { isServer: true, ...serverIdentity() }));
        secured.on('data', (chunk: Buffer) => secured.end(`re: ${chunk}`));
      };
      own(socket).setEncoding('utf8').once('data', upgrade);
    });
    const socket = own(net.connect(await listen(plain), HOST)).setEncoding('utf8');
    socket.write('starttls');
    log('client', 'plain text', ...(await once(socket, 'data')));
    await converse(tls, log, socket);
  },
  'a pipe that stays gets nothing after the upgrade': async (tls, log) => {
    const socket = await greeted(await greeting(tls, log));
    const [near, far] = pipe();
    far.on('data', (chunk: Buffer) => log('client', 'piped', chunk.length));
    socket.pipe(near);
    await converse(tls, log, socket);
  },
  ...forVersions('data listeners from before on a TLSSocket', (version) => async (tls, log) => {
    const inner = await serve(tls, {}, (socket) => socket.on('data', () => socket.end('inner')));
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.on('data', (chunk: Buffer) => {
      log('server', 'outer data', chunk.toString());
      inner.server.emit('connection', peer);
    });
    client.on('data', (chunk: Buffer) => log('client', 'outer data', chunk.length));
    client.write('CONNECT');
    const socket = own(tls.connect({ socket: client, ...trusting() }));
    socket.write('x');
    log('client', 'text', await readAll(socket));
  }),
  ...forVersions(
    'what is written leaves after the peer has ended',
    (version) => async (tls, log) => {
      const { port } = await serve(
        tls,
        { allowHalfOpen: true, maxVersion: version } as object,
        (socket) => {
          socket.end('nothing more from here');
          let got = 0;
          socket.on('data', (chunk: Buffer) => {
            got += chunk.length;
          });
          socket.on('end', () => log('server', 'got', got));
        },
      );
      const socket = own(net.connect(port, HOST));
      await once(socket, 'connect');
      const client = own(tls.connect({ socket, ...trusting() }));
      client.on('secureConnect', () => client.write(Buffer.alloc(8 << 20)));
      log('client', 'text', await readAll(client));
      watch(log, 'client', client, ['finish', 'error', 'close']);
      await closed(client);
    },
  ),
  'destroy in a listener of connect of the socket below': async (tls, log) => {
    const { port } = await serve(tls);
    const socket = net.connect(port, HOST, () => client.destroy());
    const client = own(tls.connect({ socket, ...trusting() }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    await closed(client);
  },
  'the socket below has onread': async (tls, log) => {
    const { port } = await serve(tls, {}, (socket) => socket.end('not for the callback'));
    const callback = (length: number): boolean => {
      log('client', 'onread', length);
      return true;
    };
    const onread = { buffer: Buffer.alloc(1000), callback };
    const socket = own(net.connect({ port, host: HOST, onread }));
    await once(socket, 'connect');
    await converse(tls, log, socket);
  },
  'the socket below is paused after the upgrade': async (tls, log) => {
    const { port } = await serve(tls, {}, (socket) => socket.end('all the same'));
    const socket = own(net.connect(port, HOST));
    await once(socket, 'connect');
    const conversation = converse(tls, log, socket);
    socket.pause();
    await conversation;
  },
  'listeners of connection pause the socket': async (tls, log) => {
    const { server, port } = await serve(tls, {}, (socket) => socket.end('all the same'));
    server.on('connection', (socket) => socket.pause());
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    log('client', 'text', await readAll(client));
  },
  'Server of old-style inheritance': async (tls, log) => {
    function Mine(this: Server, options: object): void {
      (tls.Server as unknown as (options: object) => void).call(this, options);
    }
    inherits(Mine, tls.Server as unknown as new () => object);
    const server = ownServer(
      new (Mine as unknown as new (options: object) => Server)(serverIdentity()),
    );
    server.on('secureConnection', (socket) => own(socket).end('mine'));
    const port = await listen(server);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    log('client', 'text', await readAll(client));
    log(
      'server',
      'is',
      server instanceof tls.Server,
      server instanceof net.Server,
      server.constructor === Mine,
    );
  },
};
