import { createAuthority } from '../../src/cli/certificates';
import { Inbox } from '../support/events';
import { identityOf } from '../support/identities';
import { startBoth, tcpPair } from '../support/pairs';

/** SSL_OP_NO_TX_CERTIFICATE_COMPRESSION: OpenSSL 3.5 makes next to nothing of one certificate many times. */
const UNCOMPRESSED = 2 ** 32;

test('data behind a flight that is larger than a pass leaves whole, and after it', async () => {
  const { authority, client } = identityOf(1);
  // Ends up in the client's last flight, just below what OpenSSL takes.
  const other = createAuthority({ name: 'of no use' }).cert;
  const size = Buffer.from(other.replace(/-----.*-----/g, ''), 'base64').length;
  const chain = client.cert + other.repeat(Math.floor(95_000 / (size + 5)));
  const pair = await tcpPair();
  const started = startBoth(pair, 1, {
    client: { key: client.key, cert: chain, secureOptions: UNCOMPRESSED },
    server: { requestCert: true, ca: authority.cert },
  });
  started.catch(() => {});
  pair.client.write('first');
  expect(await new Inbox(pair.server).text(5)).toBe('first');
  const [, layer] = await started;
  expect(layer.authorized).toBe(true);
  expect(layer.stats.wireBytesRead).toBeGreaterThan(90_000);
});
