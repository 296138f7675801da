/** Sessions: ids, tickets, keys of tickets, the events of servers. */

import { constants, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import { fixtures } from '../support/certificates';
import {
  closed,
  connectPair,
  firstOf,
  HOST,
  only,
  readLength,
  serve,
  trusting,
  watch,
} from '../support/peers';
import { own } from '../support/resources';
import {
  forVersions,
  outcome,
  type ScenarioTable,
  type TLS,
  type Version,
} from '../support/scenario';

/** A session of the client, usable for a later connection. */
function sessionOf(client: TLSSocket, version: Version): Promise<Buffer> {
  if (version === 'TLSv1.2') return Promise.resolve(client.getSession() as Buffer);
  return once(client, 'session').then(([session]) => session as Buffer);
}

/** Connects once, takes the session and closes. */
async function firstSession(
  tls: TLS,
  port: number,
  version: Version,
  options: object = {},
): Promise<Buffer> {
  const client = own(
    tls.connect({ port, host: HOST, ...trusting(), maxVersion: version, ...options }),
  );
  client.resume();
  const session =
    version === 'TLSv1.3'
      ? sessionOf(client, version)
      : once(client, 'secureConnect').then(() => client.getSession() as Buffer);
  const result = await session;
  client.end();
  await closed(client);
  return result;
}

async function again(
  tls: TLS,
  port: number,
  session: Buffer,
  options: object = {},
): Promise<TLSSocket> {
  const client = own(tls.connect({ port, host: HOST, ...trusting(), session, ...options }));
  client.resume();
  await firstOf(client, ['secureConnect', 'close']);
  return client;
}

const NO_TICKETS = constants.SSL_OP_NO_TICKET;

export const scenarios: ScenarioTable = {
  ...forVersions('resumption with a ticket', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => {
      log('server', 'reused', socket.isSessionReused());
      socket.resume().end('x');
    });
    const session = await firstSession(tls, port, version);
    const client = await again(tls, port, session);
    log('client', 'reused', client.isSessionReused(), client.authorized);
    log('client', 'peer', client.getPeerCertificate().subject);
  }),
  'resumption with an id (TLSv1.2)': async (tls, log) => {
    const options = { ...only('TLSv1.2'), secureOptions: NO_TICKETS, sessionIdContext: 'x' };
    const { server, port } = await serve(tls, options, (socket) => {
      log('server', 'reused', socket.isSessionReused());
      socket.resume().end('x');
    });
    const store = new Map<string, Buffer>();
    server.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
      log('server', 'newSession', id.length > 0, data.length > 0);
      store.set(id.toString('hex'), data);
      done();
    });
    server.on('resumeSession', (id: Buffer, done: (e: null, data?: Buffer | null) => void) => {
      log('server', 'resumeSession', store.has(id.toString('hex')));
      done(null, store.get(id.toString('hex')) ?? null);
    });
    const session = await firstSession(tls, port, 'TLSv1.2');
    const client = await again(tls, port, session);
    log('client', 'reused', client.isSessionReused());
  },
  'resumption with an id, answered later (TLSv1.2)': async (tls, log) => {
    const options = { ...only('TLSv1.2'), secureOptions: NO_TICKETS, sessionIdContext: 'x' };
    const { server, port } = await serve(tls, options, (socket) => {
      log('server', 'reused', socket.isSessionReused());
      socket.resume().end('x');
    });
    let stored: Buffer | null = null;
    server.on('newSession', (_id: Buffer, data: Buffer, done: () => void) => {
      stored = data;
      setTimeout(done, 5);
    });
    server.on('resumeSession', (_id: Buffer, done: (e: null, data: Buffer | null) => void) => {
      setTimeout(() => done(null, stored), 5);
    });
    const session = await firstSession(tls, port, 'TLSv1.2');
    const client = await again(tls, port, session);
    log('client', 'reused', client.isSessionReused());
  },
  'resumeSession does not find it (TLSv1.2)': async (tls, log) => {
    const options = { ...only('TLSv1.2'), secureOptions: NO_TICKETS };
    const { server, port } = await serve(tls, options, (socket) => {
      log('server', 'reused', socket.isSessionReused());
      socket.resume().end('x');
    });
    server.on('newSession', (_id, _data, done) => done());
    server.on('resumeSession', (_id: Buffer, done: (e: null, data: null) => void) => {
      log('server', 'resumeSession');
      done(null, null);
    });
    const session = await firstSession(tls, port, 'TLSv1.2');
    const client = await again(tls, port, session);
    log('client', 'reused', client.isSessionReused());
  },
  'resumeSession fails (TLSv1.2)': async (tls, log) => {
    const options = { ...only('TLSv1.2'), secureOptions: NO_TICKETS };
    const { server, port } = await serve(tls, options, (socket) => socket.resume().end('x'));
    server.on('newSession', (_id, _data, done) => done());
    server.on('resumeSession', (_id: Buffer, done: (error: Error, data: null) => void) => {
      done(new Error('store is down'), null);
    });
    watch(log, 'server', server, ['tlsClientError']);
    const session = await firstSession(tls, port, 'TLSv1.2');
    const failed = once(server, 'tlsClientError');
    const client = own(tls.connect({ port, host: HOST, ...trusting(), session }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    await failed;
    await closed(client);
  },
  'newSession never answered (TLSv1.2)': async (tls, log) => {
    const { server, port } = await serve(tls, { ...only('TLSv1.2'), secureOptions: NO_TICKETS });
    const asked = once(server, 'newSession');
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    watch(log, 'client', client, ['secureConnect', 'error', 'close']);
    watch(log, 'server', server, ['secureConnection']);
    const [id, data] = (await asked) as [Buffer, Buffer];
    log('server', 'newSession', id.length, data.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  ...forVersions('newSession with tickets', (version) => async (tls, log) => {
    const { server, port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    let count = 0;
    server.on('newSession', (_id, _data, done) => {
      count += 1;
      done();
    });
    await firstSession(tls, port, version);
    log('server', 'newSession events', count);
  }),
  ...forVersions('session events of a client', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => {
      socket.on('data', () => socket.end('bye'));
    });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    let sessions = 0;
    client.on('session', (session: Buffer) => {
      sessions += 1;
      log('client', 'session', Buffer.isBuffer(session), session.length > 0);
    });
    await once(client, 'secureConnect');
    client.write('x');
    await readLength(client, 3);
    log('client', 'count', sessions);
  }),
  ...forVersions('getSession and getTLSTicket', (version) => async (tls, log) => {
    const { client, peer } = await connectPair(tls, { client: { maxVersion: version } });
    peer.write('x');
    await readLength(client, 1);
    log('client', 'session', Buffer.isBuffer(client.getSession()));
    log('client', 'ticket', Buffer.isBuffer(client.getTLSTicket()));
    log('server', 'ticket', peer.getTLSTicket());
    log('server', 'session', Buffer.isBuffer(peer.getSession()));
  }),
  ...forVersions('two servers with the same ticketKeys', (version) => async (tls, log) => {
    const ticketKeys = randomBytes(48);
    const options = { ...only(version), ticketKeys };
    const first = await serve(tls, options, (socket) => socket.resume().end('x'));
    const second = await serve(tls, options, (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, first.port, version);
    const client = await again(tls, second.port, session);
    log('client', 'reused', client.isSessionReused());
  }),
  ...forVersions('two servers with different ticketKeys', (version) => async (tls, log) => {
    const options = (): object => ({ ...only(version), ticketKeys: randomBytes(48) });
    const first = await serve(tls, options(), (socket) => socket.resume().end('x'));
    const second = await serve(tls, options(), (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, first.port, version);
    const client = await again(tls, second.port, session);
    log('client', 'reused', client.isSessionReused(), client.authorized);
  }),
  ...forVersions('setTicketKeys', (version) => async (tls, log) => {
    const options = only(version);
    const first = await serve(tls, options, (socket) => socket.resume().end('x'));
    const second = await serve(tls, options, (socket) => socket.resume().end('x'));
    const keys = first.server.getTicketKeys();
    log('server', 'keys', keys.length, second.server.getTicketKeys().equals(keys));
    second.server.setTicketKeys(keys);
    log('server', 'keys now', second.server.getTicketKeys().equals(keys));
    const session = await firstSession(tls, first.port, version);
    const client = await again(tls, second.port, session);
    log('client', 'reused', client.isSessionReused());
  }),
  'setTicketKeys with bad values': (tls, log) => {
    const server = tls.createServer();
    log(
      'server',
      'short',
      outcome(() => server.setTicketKeys(Buffer.alloc(47))),
    );
    log(
      'server',
      'string',
      outcome(() => server.setTicketKeys('x' as unknown as Buffer)),
    );
  },
  ...forVersions('a session for another servername', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, port, version, {
      servername: 'first.test',
      rejectUnauthorized: false,
    });
    const client = await again(tls, port, session, {
      servername: 'second.test',
      rejectUnauthorized: false,
    });
    log('client', 'reused', client.isSessionReused());
  }),
  ...forVersions('a garbage session', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    const result = outcome(() => {
      const client = own(
        tls.connect({ port, host: HOST, ...trusting(), session: Buffer.from('garbage') }),
      );
      watch(log, 'client', client, ['secureConnect']);
    });
    log('client', 'connect', result);
  }),
  'session of a wrong type': async (tls, log) => {
    const { port } = await serve(tls);
    log(
      'client',
      'connect',
      outcome(() => {
        own(tls.connect({ port, host: HOST, ...trusting(), session: 5 as unknown as Buffer }));
      }),
    );
  },
  ...forVersions('setSession before connecting', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, port, version);
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    (client as TLSSocket & { setSession(session: Buffer): void }).setSession(session);
    client.resume();
    await once(client, 'secureConnect');
    log('client', 'reused', client.isSessionReused());
  }),
  ...forVersions('sessionTimeout over', (version) => async (tls, log) => {
    const options = { ...only(version), sessionTimeout: 1 };
    const { port } = await serve(tls, options, (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, port, version);
    await new Promise((resolve) => setTimeout(resolve, 2100));
    const client = await again(tls, port, session);
    log('client', 'reused', client.isSessionReused());
  }),
  ...forVersions('resumption asks for no certificate again', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, port, version);
    const client = await again(tls, port, session, {
      checkServerIdentity: (name: string) => {
        log('client', 'checkServerIdentity', name);
        return undefined;
      },
    });
    log('client', 'reused', client.isSessionReused(), client.authorized);
  }),
  ...forVersions('a session of another server certificate', (version) => async (tls, log) => {
    const { port } = await serve(tls, only(version), (socket) => socket.resume().end('x'));
    const session = await firstSession(tls, port, version);
    const client = await again(tls, port, session, { ca: undefined });
    log('client', 'state', client.authorized, client.authorizationError, client.destroyed);
  }),
  'setSecureContext after listening': async (tls, log) => {
    const { server, port } = await serve(tls, only('TLSv1.2'));
    server.setSecureContext({ ...fixtures().rsa, ...only('TLSv1.2') });
    const client = own(tls.connect({ port, host: HOST, ...trusting() }));
    await once(client, 'secureConnect');
    log('client', 'subject', client.getPeerCertificate().subject);
  },
};
