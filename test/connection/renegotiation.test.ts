/** TLS 1.2 renegotiation, which only the drop-in for node:tls allows. */
import type { AddressInfo } from 'node:net';
import * as tls from '../../src/node-tls';
import { next } from '../support/events';
import { clientOptions, identityOf } from '../support/identities';
import { track, trackServer } from '../support/pairs';

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
