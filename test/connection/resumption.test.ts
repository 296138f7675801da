import { createSecureContext } from '../../src';
import { createAuthority } from '../../src/cli/certificates';
import { next, rejectionOf } from '../support/events';
import { clientOptions, serverOptions } from '../support/identities';
import { pipePair } from '../support/pairs';

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('a session of %s', (maxVersion) => {
  test('that was not verified is not trusted because it is resumed', async () => {
    const { key, cert } = serverOptions(1);
    const server = { isServer: true, secureContext: createSecureContext({ key, cert }) };
    const ca = createAuthority({ name: 'not that of the server' }).cert;
    const secureContext = createSecureContext({ ca, maxVersion });
    const { servername } = clientOptions(1);

    const first = pipePair();
    const issued = next<[Buffer]>(first.client, 'session');
    const unverified = { servername, secureContext, rejectUnauthorized: false };
    const started = [first.client.startTLS(unverified), first.server.startTLS(server)] as const;
    const [layer] = await Promise.all(started);
    expect(layer.authorized).toBe(false);
    first.server.write('a reader takes the tickets, too');
    first.client.resume();
    const [session] = await issued;

    const second = pipePair();
    const refused = second.client.startTLS({ servername, secureContext, session });
    second.server.startTLS(server).catch(() => {});
    expect(await rejectionOf(refused)).toMatchObject({ name: 'CertificateError', layer: 1 });
  });

  test('that was verified is resumed', async () => {
    const { key, cert } = serverOptions(1);
    const secureContext = createSecureContext({ key, cert });
    const context = createSecureContext({ ...clientOptions(1), maxVersion });
    const client = { servername: clientOptions(1).servername, secureContext: context };
    const server = { isServer: true, secureContext };

    const first = pipePair();
    const issued = next<[Buffer]>(first.client, 'session');
    await Promise.all([first.client.startTLS(client), first.server.startTLS(server)]);
    first.server.write('a reader takes the tickets, too');
    first.client.resume();
    const [session] = await issued;

    const second = pipePair();
    const started = [
      second.client.startTLS({ ...client, session }),
      second.server.startTLS(server),
    ];
    const layers = await Promise.all(started);
    expect(layers.map((layer) => layer.isSessionReused())).toEqual([true, true]);
    expect(layers[0]?.authorized).toBe(true);
  });
});

test('a session that can not be read is not offered', async () => {
  const { client, server } = pipePair();
  const session = Buffer.from('\0nodejs:tls:session:9\0');
  const started = [
    client.startTLS({ ...clientOptions(1), session }),
    server.startTLS(serverOptions(1)),
  ];
  const layers = await Promise.all(started);
  expect(layers.map((layer) => layer.isSessionReused())).toEqual([false, false]);
});

test('getSession() answers with the session that the event tells of', async () => {
  const { client, server } = pipePair();
  const told: Buffer[] = [];
  const asked: (Buffer | undefined)[] = [];
  client.on('session', (session, layer) => {
    told.push(session);
    asked.push(layer.getSession());
  });
  await Promise.all([client.startTLS(clientOptions(1)), server.startTLS(serverOptions(1))]);
  server.end('a reader takes the tickets, too');
  client.resume();
  await next(client, 'end');
  expect(told).toHaveLength(2);
  expect(asked).toEqual(told);
});
