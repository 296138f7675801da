/** `TLSSocket` made by hand: what `connect()` and `Server` would do for it is not done. */
import { EventEmitter, once } from 'node:events';
import net from 'node:net';
import type { Duplex } from 'node:stream';
import type { TLSSocket, TLSSocketOptions } from 'node:tls';
import { fixtures } from '../support/certificates';
import {
  closed,
  HOST,
  listen,
  only,
  pipe,
  readAll,
  readLength,
  serverIdentity,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import { forVersions, type Log, outcome, type ScenarioTable, type TLS } from '../support/scenario';

const NO_SOCKET = null as unknown as net.Socket;

/** A server of plain TCP that makes a TLSSocket of each connection. */
async function upgradeEach(
  tls: TLS,
  options: TLSSocketOptions,
  onSocket: (socket: TLSSocket) => void,
): Promise<number> {
  const server = net.createServer((socket) => {
    const secured = new tls.TLSSocket(own(socket), {
      isServer: true,
      ...serverIdentity(),
      ...options,
    });
    onSocket(secured);
  });
  return listen(server);
}

/** For one connection; `over` resolves when its TLSSocket has closed. */
async function upgradeOne(tls: TLS, onSocket: (socket: TLSSocket) => void) {
  const events = new EventEmitter();
  const over = once(events, 'over');
  const port = await upgradeEach(tls, {}, (socket) => {
    own(socket).on('close', () => events.emit('over'));
    onSocket(socket);
  });
  return { port, over };
}

/** A session that the client can bring along, asked for by its id. */
async function resume(tls: TLS, port: number): Promise<TLSSocket> {
  const options = { port, host: HOST, ...trusting(), ...only('TLSv1.2') };
  const first = own(tls.connect(options));
  await once(first, 'secureConnect');
  const session = first.getSession() as Buffer;
  first.destroy();
  const second = own(tls.connect({ ...options, session }));
  await once(second, 'secureConnect');
  return second;
}

function halfOpen(tls: TLS, log: Log, name: string, socket: Duplex | undefined): void {
  const secured = own(
    new tls.TLSSocket(socket as net.Socket, { allowHalfOpen: true } as TLSSocketOptions),
  );
  log('client', name, secured.allowHalfOpen);
  secured.destroy();
}

/** Node 24 and later have no createSecurePair. */
interface Pair {
  encrypted: Duplex;
  cleartext: TLSSocket;
  on(event: 'secure', listener: () => void): this;
  destroy(): void;
}
type CreatePair = (context?: unknown, isServer?: boolean, ...more: unknown[]) => Pair;

export const scenarios: ScenarioTable = {
  'createSecurePair on both sides': async (tls, log) => {
    const create = (tls as unknown as { createSecurePair?: CreatePair }).createSecurePair;
    if (create === undefined) return;
    const server = create(tls.createSecureContext(serverIdentity()), true);
    const client = create(undefined, false, true, false, { servername: 'server.test' });
    for (const [name, pair] of Object.entries({ server, client })) {
      own(pair.cleartext);
      pair.on('secure', () => log(name, 'secure'));
    }
    client.encrypted.pipe(server.encrypted).pipe(client.encrypted);
    const sent = Buffer.alloc(200_000, 'x');
    client.cleartext.write(sent);
    log('server', 'text', (await readLength(server.cleartext, sent.length)).length);
    server.cleartext.end('done');
    log('client', 'text', await readAll(client.cleartext));
    client.destroy();
    log('client', 'destroyed', client.encrypted.destroyed, client.cleartext.destroyed);
  },
  'createSecurePair with no context': (tls, log) => {
    const create = (tls as unknown as { createSecurePair?: CreatePair }).createSecurePair;
    log('client', 'made', create === undefined || outcome(() => create({}).destroy()));
  },
  'new TLSSocket with null for a socket': async (tls, log) => {
    const client = own(new tls.TLSSocket(NO_SOCKET, { ALPNProtocols: ['a'] }));
    watch(log, 'client', client, ['error', 'close']);
    log('client', 'state', client.connecting);
    await new Promise(setImmediate);
    client.destroy();
    await closed(client);
  },
  'new TLSSocket with falsy options': (tls, log) => {
    const make = (options: object): unknown =>
      outcome(() => own(new tls.TLSSocket(NO_SOCKET, options as TLSSocketOptions)).destroyed);
    log('client', 'session', make({ session: false }));
    log('client', 'callbacks', make({ isServer: true, SNICallback: 0, ALPNCallback: '' }));
    log('client', 'context', make({ secureContext: null }));
    log('client', 'no context', make({ secureContext: {} }));
  },
  'new TLSSocket with callbacks of a wrong type': (tls, log) => {
    const make = (options: object): unknown =>
      outcome(() => own(new tls.TLSSocket(own(new net.Socket()), options as TLSSocketOptions)));
    log('client', 'SNICallback', make({ isServer: true, SNICallback: 'x' }));
    log('client', 'ALPNCallback', make({ isServer: true, ALPNCallback: 5 }));
    log('client', 'pskCallback', make({ pskCallback: {} }));
    log('client', 'enableTrace', make({ enableTrace: 'yes' }));
  },
  'allowHalfOpen is that of the given socket': (tls, log) => {
    halfOpen(tls, log, 'net.Socket', own(new net.Socket()));
    halfOpen(tls, log, 'half open net.Socket', own(new net.Socket({ allowHalfOpen: true })));
    const [duplex] = pipe();
    duplex.allowHalfOpen = false;
    halfOpen(tls, log, 'Duplex', duplex);
    halfOpen(tls, log, 'none', undefined);
  },
  'a socket that is not connecting yet': async (tls, log) => {
    const port = await upgradeEach(tls, {}, (socket) => own(socket).resume());
    const socket = own(new net.Socket());
    const client = own(tls.connect({ socket, ...trusting() }));
    watch(log, 'client', client, ['connect', 'secureConnect', 'error']);
    log('client', 'connecting', client.connecting);
    await new Promise(setImmediate);
    socket.connect(port, HOST);
    await once(client, 'secureConnect');
    log('client', 'connected', client.connecting, client.authorized);
  },
  'onread is ignored where a socket is given': async (tls, log) => {
    const port = await upgradeEach(tls, {}, (socket) => own(socket).end('read as usual'));
    const socket = own(net.connect(port, HOST));
    const onread = { buffer: Buffer.alloc(100), callback: () => log('client', 'onread') };
    const client = own(tls.connect({ socket, ...trusting(), onread } as object));
    log('client', 'text', await readAll(client));
  },
  'properties that programs assign': async (tls, log) => {
    const port = await upgradeEach(tls, {}, (socket) => own(socket).resume());
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    await once(client, 'secureConnect');
    const values = {
      authorized: 'a',
      authorizationError: 'b',
      alpnProtocol: 'c',
      servername: 'd',
      encrypted: 'e',
      connecting: 'f',
      parser: 'g',
    };
    Object.assign(client, values);
    for (const name of Object.keys(values)) log('client', name, Reflect.get(client, name));
  },
  'a handshake that fails is told without an error listener': async (tls, log) => {
    const failed = new EventEmitter();
    const port = await upgradeEach(tls, {}, (socket) => {
      socket.on('_tlsError' as 'error', (error) => {
        log('server', '_tlsError', error);
        failed.emit('told');
      });
    });
    const told = once(failed, 'told');
    const client = own(net.connect(port, HOST, () => client.write('not TLS at all')));
    client.resume();
    await told;
  },
  'the transport is destroyed in the handshake of a TLSSocket made by hand': async (tls, log) => {
    const [near] = pipe();
    const socket = new tls.TLSSocket(near);
    socket.on('close', (hadError) => log('client', 'close', hadError));
    const done = once(socket, 'close');
    near.destroy();
    await done;
  },
  'a connection that ends in the handshake of a server made by hand': async (tls, log) => {
    const { port, over } = await upgradeOne(tls, (socket) => {
      watch(log, 'server', socket, ['end', 'error', 'close']);
    });
    own(net.connect(port, HOST)).end('\x16\x03\x01');
    await over;
  },
  'end() of a server made by hand before the handshake': async (tls, log) => {
    const { port, over } = await upgradeOne(tls, (socket) => {
      socket.on('error', () => {});
      socket.end();
    });
    const client = own(net.connect(port, HOST)).resume();
    watch(log, 'client', client, ['end', 'error', 'close']);
    await Promise.all([over, closed(client)]);
  },
  'requestCert accepts a client without a certificate': async (tls, log) => {
    const port = await upgradeEach(tls, { requestCert: true }, (socket) => {
      own(socket);
      socket.on('secure', () => socket.end('accepted'));
    });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    client.resume();
    watch(log, 'client', client, ['secureConnect', 'end', 'error']);
    await closed(client);
  },
  'rejectUnauthorized refuses a client without a certificate': async (tls, log) => {
    const options = { requestCert: true, rejectUnauthorized: true, ...only('TLSv1.2') };
    const port = await upgradeEach(tls, options as object, own);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, ['secureConnect', 'error']);
    await closed(client);
  },
  'sessions are stored by the listeners of the given server': async (tls, log) => {
    const store = new Map<string, Buffer>();
    const events = net.createServer();
    events.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
      log('server', 'newSession');
      store.set(id.toString('hex'), data);
      done();
    });
    events.on('resumeSession', (id: Buffer, done: (error: null, data?: Buffer) => void) => {
      log('server', 'resumeSession');
      done(null, store.get(id.toString('hex')));
    });
    const secureContext = tls.createSecureContext({
      ...fixtures().server,
      secureOptions: 0x4000, // SSL_OP_NO_TICKET
      sessionIdContext: 'x',
    });
    const port = await upgradeEach(tls, { server: events, secureContext }, (socket) => {
      own(socket).resume();
    });
    const client = await resume(tls, port);
    log('client', 'reused', client.isSessionReused());
  },
  ...forVersions(
    'ssl.verifyError() says what is wrong with the peer',
    (version) => async (tls, log) => {
      const port = await upgradeEach(tls, only(version), (socket) => own(socket).resume());
      const verified = async (options: TLSSocketOptions): Promise<unknown> => {
        const client = own(new tls.TLSSocket(NO_SOCKET, options));
        client.connect(port, HOST, () => client.write('hello'));
        await once(client, 'secure');
        const { ssl } = client as unknown as { ssl: { verifyError(): Error | null } };
        return ssl.verifyError();
      };
      log('client', 'unknown CA', await verified({}));
      log('client', 'trusted', await verified({ ca: fixtures().ca.cert } as TLSSocketOptions));
    },
  ),
  '_start() begins the handshake': async (tls, log) => {
    const port = await upgradeEach(tls, {}, (socket) => own(socket).resume());
    const socket = own(net.connect(port, HOST));
    await once(socket, 'connect');
    const client = own(new tls.TLSSocket(socket));
    (client as unknown as { _start(): void })._start();
    await once(client, 'secure');
    log('client', 'protocol', client.getProtocol());
  },
};
