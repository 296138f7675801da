/** What is wrong with the arguments of a call is said by the call, and the connection lives on. */
import { type Duplex, PassThrough } from 'node:stream';
import { createSecureContext, OnionSocket, type StartTLSOptions, TLSEngine } from '../../src';
import { clientOptions, identityOf, serverOptions } from '../support/identities';
import { pipePair, startBoth } from '../support/pairs';

const TYPE = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
const VALUE = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
const RANGE = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };

type Bad = [what: string, options: unknown, expected: object];

const client = (extra: object): unknown => clientOptions(1, extra);
const server = (extra: object): unknown => serverOptions(1, extra);

const BAD: Bad[] = [
  ['no options', undefined, TYPE],
  ['null', null, TYPE],
  ['a string', 'options', TYPE],
  ['an isServer that is no boolean', { isServer: 1 }, TYPE],
  ['a servername that is no string', client({ servername: 5 }), TYPE],
  ['a server without an identity', { isServer: true }, VALUE],
  ['a handshakeTimeout of 0', client({ handshakeTimeout: 0 }), RANGE],
  ['a negative handshakeTimeout', client({ handshakeTimeout: -1 }), RANGE],
  ['a handshakeTimeout that is no number', client({ handshakeTimeout: '5' }), TYPE],
  ['a handshakeTimeout that is not whole', client({ handshakeTimeout: 1.5 }), RANGE],
  ['a handshakeTimeout that is NaN', client({ handshakeTimeout: Number.NaN }), RANGE],
  ['a negative maxHandshakeBytes', client({ maxHandshakeBytes: -1 }), RANGE],
  ['a leftover that is a string', client({ leftover: 'bytes' }), TYPE],
  ['a leftover with a string in it', client({ leftover: ['bytes'] }), TYPE],
  ['an unread that does not exist', client({ unread: 'drop' }), VALUE],
  ['an allowPeerStop that is no boolean', client({ allowPeerStop: 'yes' }), TYPE],
  ['a requireCloseNotify that is no boolean', client({ requireCloseNotify: 1 }), TYPE],
  ['a rejectUnauthorized that is no boolean', client({ rejectUnauthorized: 0 }), TYPE],
  ['a checkServerIdentity that is no function', client({ checkServerIdentity: 'no' }), TYPE],
  ['an SNICallback on a client', client({ SNICallback: () => {} }), VALUE],
  ['a requestCert on a client', client({ requestCert: true }), VALUE],
  ['a checkServerIdentity on a server', server({ checkServerIdentity: () => {} }), VALUE],
  ['an SNICallback that is no function', server({ SNICallback: 'no' }), TYPE],
  ['ALPN protocols that are a string', client({ ALPNProtocols: 'h2' }), TYPE],
  ['an ALPN protocol that is too long', client({ ALPNProtocols: ['x'.repeat(256)] }), RANGE],
  ['a signal that is none', client({ signal: {} }), TYPE],
  [
    'a secureContext that is none',
    { ...(client({}) as object), ca: undefined, secureContext: {} },
    TYPE,
  ],
  ['a minVersion that does not exist', client({ minVersion: 'TLSv2' }), { name: 'TypeError' }],
  ['ciphers that are no string', client({ ciphers: 5 }), TYPE],
];

describe('startTLS throws', () => {
  test.each(BAD)('for %s', (_, options, expected) => {
    const { client: socket } = pipePair();
    expect(() => socket.startTLS(options as StartTLSOptions)).toThrow(
      expect.objectContaining(expected),
    );
    expect(socket.depth).toBe(0);
    expect(socket.destroyed).toBe(false);
  });

  test('for a client that does not say whom it expects, and says what to pass', () => {
    const { client: socket } = pipePair();
    expect(() => socket.startTLS({})).toThrow(
      expect.objectContaining({
        ...VALUE,
        message: expect.stringMatching(/servername.*checkServerIdentity.*rejectUnauthorized/s),
      }),
    );
  });

  test.each(BAD)('and so does TLSEngine for %s', (_, options, expected) => {
    expect(() => new TLSEngine(options as StartTLSOptions)).toThrow(
      expect.objectContaining(expected),
    );
  });

  test('and leaves the connection as it was', async () => {
    const pair = pipePair();
    expect(() => pair.client.startTLS({})).toThrow(TypeError);
    await startBoth(pair, 1);
    expect(pair.client.depth).toBe(1);
  });
});

describe('a TLSError is thrown by the call that took', () => {
  const { key, cert } = identityOf(1).server;
  const other = identityOf(2).server;
  test.each([
    ['a key that is none', { key: 'not a key', cert }],
    ['a certificate that is none', { key, cert: 'not a certificate' }],
    ['a key of another certificate', { key: identityOf(4).server.key, cert }],
    ['a cipher list without a cipher', { key, cert, ciphers: 'NONE-OF-THESE' }],
    ['a curve that does not exist', { key, cert, ecdhCurve: 'no-such-curve' }],
    ['signature algorithms that do not exist', { key, cert, sigalgs: 'no-such-algorithm' }],
    ['a PFX that is none', { pfx: Buffer.from('not a PFX') }],
    ['a CRL that is none', { key, cert, crl: 'not a CRL' }],
  ])('%s', (_, context) => {
    const { client: socket } = pipePair();
    for (const call of [
      () => createSecureContext(context),
      () => socket.startTLS({ isServer: true, ...context }),
    ]) {
      expect(call).toThrow(
        expect.objectContaining({
          name: 'TLSError',
          code: expect.stringMatching(/^ERR_(OSSL|SSL|CRYPTO)_/),
        }),
      );
    }
    expect(other.key).not.toBe(key);
    expect(socket.depth).toBe(0);
  });
});

describe('stopTLS throws', () => {
  test.each([
    ['null', null, TYPE],
    ['a timeout of 0', { timeout: 0 }, RANGE],
    ['a timeout that is no number', { timeout: '5' }, TYPE],
    ['an onTimeout that does not exist', { onTimeout: 'wait' }, VALUE],
    ['a notify that is no boolean', { notify: 'no' }, TYPE],
    ['a signal that is none', { signal: 'stop' }, TYPE],
  ])('for %s', async (_, options, expected) => {
    const pair = pipePair();
    await startBoth(pair, 1);
    expect(() => pair.client.stopTLS(options as object)).toThrow(expect.objectContaining(expected));
    expect(pair.client.depth).toBe(1);
  });
});

describe('the constructor throws', () => {
  test.each([
    ['no transport', undefined],
    ['a string', 'transport'],
    ['an object that is no stream', {}],
  ])('for %s', (_, transport) => {
    expect(() => new OnionSocket(transport as unknown as Duplex)).toThrow(
      expect.objectContaining(TYPE),
    );
  });

  test('for a transport of objects', () => {
    const transport = new PassThrough({ objectMode: true });
    expect(() => new OnionSocket(transport)).toThrow(
      expect.objectContaining({ name: 'TypeError' }),
    );
  });

  test.each([-1, 1.5, Number.NaN])('for a maxDepth of %p', (maxDepth) => {
    const transport = new PassThrough();
    expect(() => new OnionSocket(transport, { maxDepth })).toThrow(expect.objectContaining(RANGE));
  });
});
