import { Duplex } from 'node:stream';
import {
  AlertError,
  HandshakeError,
  OnionSocket,
  ProtocolError,
  type StartTLSOptions,
  type TLSError,
} from '../../src';
import { createAuthority } from '../../src/cli/certificates';
import { Inbox, rejectionOf, turns, watch } from '../support/events';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { goTo, pipePair, startBoth, tcpPair, track } from '../support/pairs';
import { corruptByte } from '../support/pipe';

/** Both sides fail at one layer above `depth` others. */
async function failAt(depth: number, client: StartTLSOptions, server: StartTLSOptions) {
  const pair = await goTo(pipePair(), depth);
  const [atClient, atServer] = [watch(pair.client), watch(pair.server)];
  const started = [
    pair.client.startTLS(clientOptions(depth + 1, client)),
    pair.server.startTLS(serverOptions(depth + 1, server)),
  ].map((promise) => rejectionOf<TLSError>(promise));
  const errors = (await Promise.all(started)) as [TLSError, TLSError];
  await Promise.all([atClient.closed, atServer.closed]);
  return { pair, errors, endings: [atClient, atServer] as const };
}

test('a transport whose write() throws fails with that error', async () => {
  const error = new Error('out of order');
  const transport = new Duplex({
    read: () => undefined,
    write: () => {
      throw error;
    },
  });
  const socket = track(new OnionSocket(transport));
  const ending = watch(socket);
  expect(await rejectionOf(socket.startTLS(clientOptions(1)))).toBe(error);
  await ending.closed;
  expect(ending.errors).toEqual([error]);
});

test('an error is told at once, and the close when a peer that does not end has had its time', async () => {
  const { client, pipe } = pipePair();
  const ending = watch(client);
  const rejection = rejectionOf(client.startTLS(clientOptions(1)));
  const state = new Promise((resolve) => {
    client.on('error', () => resolve([pipe.a.destroyed, client.destroyed]));
  });
  pipe.b.write('220 ready when you are');
  expect(await state).toEqual([false, true]);
  expect(ending.errors).toEqual([await rejection]);
  await ending.closed;
  expect(pipe.a.destroyed).toBe(true);
});

describe('a handshake that fails', () => {
  test.each([0, 1, 4])('rejects on both sides with the layer, above %i others', async (depth) => {
    const { errors, endings } = await failAt(
      depth,
      { ciphers: 'TLS_AES_128_GCM_SHA256', minVersion: 'TLSv1.3' },
      { ciphers: 'TLS_CHACHA20_POLY1305_SHA256', minVersion: 'TLSv1.3' },
    );
    const [client, server] = errors;
    expect(server).toBeInstanceOf(HandshakeError);
    expect(server).toMatchObject({ code: 'ERR_SSL_NO_SHARED_CIPHER', layer: depth + 1 });
    expect(server.alert).toMatchObject({ code: 40, direction: 'sent' });
    expect(client).toBeInstanceOf(AlertError);
    expect(client).toMatchObject({ layer: depth + 1, alert: { code: 40, direction: 'received' } });
    for (const [index, ending] of endings.entries()) {
      expect(ending.errors).toEqual([errors[index]]);
      expect(ending.log.filter((name) => name === 'close')).toHaveLength(1);
      expect(ending.log.at(-1)).toBe('close');
    }
  });

  test("has Node's code and OpenSSL's words", async () => {
    const { errors } = await failAt(0, { maxVersion: 'TLSv1.2' }, { minVersion: 'TLSv1.3' });
    const [client, server] = errors;
    expect(server).toMatchObject({ code: 'ERR_SSL_UNSUPPORTED_PROTOCOL', library: 'SSL routines' });
    expect(server.reason).toBe('unsupported protocol');
    expect(server.message).toMatch(/^error:[0-9A-F]{8}:SSL routines:.*:unsupported protocol/);
    expect(client.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    expect(client.alert?.name).toMatch(/protocol version/);
  });

  test('refuses a certificate of an unknown authority', async () => {
    const { errors } = await failAt(1, { ca: createAuthority().cert }, {});
    const [client, server] = errors;
    expect(client).toMatchObject({ name: 'CertificateError', layer: 2 });
    expect(client.code).toMatch(
      /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT_LOCALLY)$/,
    );
    expect(server).toMatchObject({ name: 'AlertError', alert: { direction: 'received' } });
  });

  test('refuses a certificate of another host', async () => {
    const { errors } = await failAt(1, { servername: 'other.test' }, {});
    expect(errors[0]).toMatchObject({
      name: 'CertificateError',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      layer: 2,
      host: 'other.test',
      alert: { name: 'bad certificate', direction: 'sent' },
    });
    expect(errors[1]).toMatchObject({ alert: { name: 'bad certificate', direction: 'received' } });
  });

  test('refuses a certificate that has expired', async () => {
    const { authority } = identityOf(1);
    const expired = authority.issue({
      name: 'layer1.test',
      notBefore: new Date('2020-01-01'),
      notAfter: new Date('2021-01-01'),
    });
    const { errors } = await failAt(0, {}, expired);
    expect(errors[0]).toMatchObject({ name: 'CertificateError', code: 'CERT_HAS_EXPIRED' });
  });

  test('refuses a client without the certificate that was asked for', async () => {
    const { errors } = await failAt(
      0,
      { maxVersion: 'TLSv1.2' },
      {
        requestCert: true,
        ca: identityOf(1).authority.cert,
      },
    );
    expect(errors[1]).toMatchObject({ layer: 1, alert: { direction: 'sent' } });
    expect(errors[0]).toMatchObject({ name: 'AlertError', layer: 1 });
  });

  test('refuses it with the alert that TLS 1.3 has for it', async () => {
    const pair = await goTo(pipePair(), 1);
    const ending = watch(pair.client);
    const request: StartTLSOptions = { requestCert: true, ca: identityOf(2).authority.cert };
    const refused = rejectionOf<TLSError>(pair.server.startTLS(serverOptions(2, request)));
    // The client has done its part of the handshake before the server looks at it.
    await pair.client.startTLS(clientOptions(2));
    const alert = { code: 116, name: 'certificate required' };
    expect((await refused).alert).toEqual({ ...alert, direction: 'sent' });
    await ending.closed;
    expect(ending.errors).toMatchObject([{ layer: 2, alert: { ...alert, direction: 'received' } }]);
  });

  test.each([
    ['close_notify', [1, 0], 'The peer has closed the layer before the TLS handshake was done'],
    ['an alert that OpenSSL does not know', [2, 200], 'The peer sent the fatal alert 200'],
  ])('says that the peer has sent %s', async (_, alert, message) => {
    const pair = pipePair();
    const started = rejectionOf<TLSError>(pair.client.startTLS(clientOptions(1)));
    pair.pipe.down.inject(Buffer.from([21, 3, 3, 0, 2, ...alert]));
    const error = await started;
    expect(error.message).toContain(message);
    expect(error.code).toMatch(/^ERR_(ONION|SSL)_[A-Z]+(_\d+)?$/);
    expect(error.layer).toBe(1);
  });

  test('goes on with rejectUnauthorized: false and says why the peer is not authorized', async () => {
    const pair = pipePair();
    const [client] = await startBoth(pair, 1, {
      client: { rejectUnauthorized: false, ca: createAuthority().cert },
    });
    expect(client.authorized).toBe(false);
    expect(client.authorizationError).not.toBeNull();
    expect(pair.client.authorized).toBe(false);
  });

  test('without a common ALPN protocol ends with no_application_protocol', async () => {
    const { errors } = await failAt(0, { ALPNProtocols: ['a'] }, { ALPNProtocols: ['b'] });
    expect(errors[0]).toMatchObject({ name: 'AlertError', alert: { code: 120 } });
    expect(errors[1]).toMatchObject({ alert: { code: 120, direction: 'sent' } });
  });
});

describe("a peer that doesn't speak TLS", () => {
  test.each([
    ['an HTTP server', 'HTTP/1.1 400 Bad Request\r\n\r\n', /HTTP/],
    ['an SMTP server', '220 mail.example ESMTP\r\n', /SMTP|banner/],
  ])('is told apart: %s', async (_, bytes, message) => {
    const pair = pipePair();
    pair.client.on('error', () => {});
    const started = pair.client.startTLS(clientOptions(1));
    pair.pipe.down.inject(Buffer.from(bytes));
    const error = await rejectionOf<TLSError & { received: Buffer }>(started);
    expect(error).toMatchObject({ name: 'UnknownProtocolError', layer: 1 });
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.message).toMatch(message);
    expect(error.received).toEqual(Buffer.from(bytes).subarray(0, 32));
  });

  test('is told apart when it speaks plaintext inside of a layer', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.client.on('error', () => {});
    const started = pair.client.startTLS(clientOptions(2));
    pair.server.write('this is no ServerHello');
    expect(await rejectionOf(started)).toMatchObject({ name: 'UnknownProtocolError', layer: 2 });
  });

  test('is told apart when the two ends disagree on the order of layers', async () => {
    const pair = await goTo(pipePair(), 1);
    pair.client.on('error', () => {});
    pair.server.on('error', () => {});
    // The client takes records of layer 1 for records of layer 2.
    const stopped = pair.client.stopTLS({ notify: false });
    const started = pair.client.startTLS(clientOptions(1));
    await stopped;
    pair.server.write('a record of layer 1');
    const error = await rejectionOf<TLSError>(started);
    expect(error.name).toBe('UnknownProtocolError');
    expect(error.message).toContain('the two ends disagree on the order of layers');
  });
});

describe('a record that was altered after the handshake', () => {
  test.each([1, 2, 5])(
    'closes the connection at once at depth %i, after the alert',
    async (depth) => {
      const pair = await goTo(await pipePair(), depth);
      await turns();
      const [atClient, atServer] = [watch(pair.client), watch(pair.server)];
      const inbox = new Inbox(pair.server);
      pair.client.resume();
      const answers = pair.pipe.down.chunks.length;
      pair.pipe.up.alter = corruptByte(pair.pipe.up.delivered + 30);
      pair.client.write('a message that is changed on its way');
      await Promise.all([atClient.closed, atServer.closed]);
      expect(atServer.errors).toHaveLength(1);
      expect(atServer.errors[0]).toBeInstanceOf(ProtocolError);
      expect(atServer.errors[0]).toMatchObject({
        layer: 1,
        alert: { code: 20, direction: 'sent' },
      });
      expect(atServer.errors[0]).toMatchObject({
        code: 'ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC',
      });
      expect(atClient.errors[0]).toMatchObject({
        name: 'AlertError',
        layer: 1,
        alert: { code: 20 },
      });
      expect(pair.pipe.down.chunks.length - answers).toBe(1);
      expect(pair.pipe.down.ended).toBe(true);
      expect(inbox.received).toBe(0);
    },
  );

  test('closes a TCP connection at once', async () => {
    const pair = await goTo(await tcpPair(), 2);
    const endings = [watch(pair.client), watch(pair.server)];
    pair.client.resume();
    pair.server.resume();
    pair.client.transport.write(Buffer.from('17030300100000000000000000000000000000000000', 'hex'));
    await Promise.all(endings.map((ending) => ending.closed));
    expect(endings[1]?.errors[0]).toMatchObject({ name: 'ProtocolError', layer: 1 });
    expect(endings[0]?.errors[0]).toMatchObject({ name: 'AlertError', layer: 1 });
    expect(pair.client.transport.destroyed).toBe(true);
    expect(pair.server.transport.destroyed).toBe(true);
  });

  test('delivers what came whole before it', async () => {
    const pair = await goTo(pipePair(), 2);
    const ending = watch(pair.server);
    pair.client.on('error', () => {});
    const inbox = new Inbox(pair.server);
    pair.client.write('whole');
    expect(await inbox.text(5)).toBe('whole');
    pair.pipe.up.alter = corruptByte(pair.pipe.up.delivered + 30);
    pair.client.write('broken');
    await ending.closed;
    expect(inbox.received).toBe(5);
  });

  test('rejects the pending promises with the same error, and none is left unhandled', async () => {
    const unhandled: unknown[] = [];
    const listener = (error: unknown): number => unhandled.push(error);
    process.on('unhandledRejection', listener);
    const pair = await goTo(pipePair(), 2);
    const ending = watch(pair.server);
    pair.client.on('error', () => {});
    pair.pipe.up.alter = corruptByte(pair.pipe.up.delivered + 30);
    const stopped = rejectionOf(pair.server.stopTLS());
    pair.server.startTLS(serverOptions(2));
    pair.client.write('broken on its way');
    await ending.closed;
    expect(await stopped).toBe(ending.errors[0]);
    await turns();
    process.off('unhandledRejection', listener);
    expect(unhandled).toEqual([]);
  });

  test('fails the layer that it is about and leaves none established', async () => {
    const pair = await goTo(pipePair(), 2);
    const layers = [...pair.server.layers];
    const ending = watch(pair.server);
    pair.client.on('error', () => {});
    pair.pipe.up.alter = corruptByte(pair.pipe.up.delivered + 30);
    pair.client.write('broken on its way');
    await ending.closed;
    expect(layers.map((layer) => layer.state)).toEqual(['failed', 'failed']);
  });
});
