import * as stream from 'node:stream';
import * as tls from 'node:tls';
import { createAuthority } from '../../src/cli/certificates';
import { VerifyMode } from '../../src/native';
import { parseSocketOptions, parseStopTLSOptions, wireProtocols } from '../../src/option-types';
import { parseStartTLSOptions, type StartTLSOptions } from '../../src/options';
import { bindPsk } from '../../src/psk';
import { createSecureContext, withSharedContext } from '../../src/secure-context';

const authority = createAuthority();
const { key, cert } = authority.issue({ name: 'localhost' });
const client = { servername: 'localhost', ca: authority.cert };
const server = { isServer: true, key, cert };

interface Refusal {
  name: string;
  code: unknown;
  message: string;
}

function refusalOf(call: () => unknown): Refusal {
  try {
    call();
  } catch (error) {
    const { name, message, code } = error as Error & { code?: unknown };
    return { name, code, message };
  }
  throw new Error('it was not refused');
}

/** What a program without types may pass. */
const start = (options: unknown) => () => parseStartTLSOptions(options as StartTLSOptions);

describe('a client layer', () => {
  test('has the safe defaults', () => {
    expect(parseStartTLSOptions(client)).toMatchObject({
      isServer: false,
      verify: VerifyMode.enforce,
      rejectUnauthorized: true,
      servername: 'localhost',
      sniName: 'localhost',
      alpn: undefined,
      unread: 'feed',
      allowPeerStop: false,
      requireCloseNotify: true,
      handshakeTimeout: 120_000,
      maxHandshakeBytes: 131_072,
      offloadHandshake: false,
      renegotiation: false,
      minDHSize: 1024,
      leftover: [],
    });
  });

  test('is refused when nobody says whom to expect', () => {
    const { name, code, message } = refusalOf(start({ ca: authority.cert }));
    expect({ name, code }).toEqual({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    expect(message).toMatch(/'servername'.*'checkServerIdentity'.*'rejectUnauthorized: false'/);
  });

  test('refuses a servername that is too long to be sent', () => {
    const servername = `${'a'.repeat(253)}.de`;
    expect(refusalOf(start({ ...client, servername })).code).toBe('ERR_INVALID_ARG_VALUE');
    expect(() => start({ ...client, servername: servername.slice(1) })()).not.toThrow();
  });

  test('does not take an empty servername for an identity', () => {
    expect(refusalOf(start({ servername: '' })).code).toBe('ERR_INVALID_ARG_VALUE');
  });

  test('checks an IP address and does not send it as a name', () => {
    const layer = parseStartTLSOptions({ ...client, servername: '127.0.0.1' });
    expect(layer.servername).toBe('127.0.0.1');
    expect(layer.sniName).toBeUndefined();
  });

  test('checks the certificate as tls.checkServerIdentity does', () => {
    const { checkIdentity } = parseStartTLSOptions(client);
    const certificate = { subject: { CN: 'other' }, subjectaltname: 'DNS:other' };
    expect(checkIdentity?.(certificate as tls.PeerCertificate)).toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      host: 'localhost',
    });
  });

  test('asks checkServerIdentity with the servername', () => {
    const checkServerIdentity = jest.fn(() => undefined);
    const certificate = {} as tls.PeerCertificate;
    parseStartTLSOptions({ ...client, checkServerIdentity }).checkIdentity?.(certificate);
    expect(checkServerIdentity).toHaveBeenCalledWith('localhost', certificate);
  });

  test('records the verification when it does not reject', () => {
    const layer = parseStartTLSOptions({ rejectUnauthorized: false, ca: authority.cert });
    expect(layer.verify).toBe(VerifyMode.record);
    expect(layer.checkIdentity).toBeNull();
  });
});

describe('a server layer', () => {
  test.each([
    [{}, VerifyMode.none],
    [{ requestCert: true }, VerifyMode.enforce],
    [{ requestCert: true, rejectUnauthorized: false }, VerifyMode.record],
  ])('with %j verifies by mode %d', (options, verify) => {
    expect(parseStartTLSOptions({ ...server, ...options }).verify).toBe(verify);
  });

  test('stops at the ClientHello only when somebody is to be asked', () => {
    expect(parseStartTLSOptions(server).asksAboutClientHello).toBe(false);
    const ALPNCallback = () => undefined;
    expect(parseStartTLSOptions({ ...server, ALPNCallback }).asksAboutClientHello).toBe(true);
    const SNICallback = () => {};
    expect(parseStartTLSOptions({ ...server, SNICallback }).asksAboutClientHello).toBe(true);
  });

  test('is refused without an identity of its own', () => {
    const { code, message } = refusalOf(start({ isServer: true }));
    expect(code).toBe('ERR_INVALID_ARG_VALUE');
    expect(message).toContain("pass 'key' and 'cert'");
  });
});

describe('unusable combinations', () => {
  const secureContext = createSecureContext({ key, cert });

  test.each<[string, unknown, string]>([
    ['SNICallback on a client', { ...client, SNICallback() {} }, 'is for server layers only'],
    ['ALPNCallback on a client', { ...client, ALPNCallback() {} }, 'is for server layers only'],
    ['requestCert on a client', { ...client, requestCert: true }, 'is for server layers only'],
    ['session on a server', { ...server, session: Buffer.alloc(1) }, 'is for client layers only'],
    [
      'checkServerIdentity on a server',
      { ...server, checkServerIdentity() {} },
      'client layers only',
    ],
    ['secureContext and key', { isServer: true, secureContext, key }, 'exclude each other'],
    ['secureContext and ca', { ...client, secureContext }, 'exclude each other'],
  ])('%s', (_name, options, message) => {
    const refusal = refusalOf(start(options));
    expect(refusal).toMatchObject({ name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    expect(refusal.message).toContain(message);
  });

  test('ALPNCallback and ALPNProtocols, in the words of Node', () => {
    const options = { ...server, ALPNCallback: () => 'h2', ALPNProtocols: ['h2'] };
    expect(refusalOf(start(options))).toEqual({
      name: 'TypeError',
      code: 'ERR_TLS_ALPN_CALLBACK_WITH_PROTOCOLS',
      message: 'The ALPNCallback and ALPNProtocols TLS options are mutually exclusive',
    });
  });

  test('a context of node:tls', () => {
    const options = { servername: 'x', secureContext: tls.createSecureContext() };
    expect(refusalOf(start(options)).code).toBe('ERR_INVALID_ARG_TYPE');
  });
});

describe('wrong types and values', () => {
  test.each([
    [undefined, 'ERR_INVALID_ARG_TYPE'],
    [null, 'ERR_INVALID_ARG_TYPE'],
    ['x', 'ERR_INVALID_ARG_TYPE'],
    [[], 'ERR_INVALID_ARG_TYPE'],
  ])('options %p', (options, code) => {
    expect(refusalOf(start(options)).code).toBe(code);
  });

  test.each<[string, unknown, 'TypeError' | 'RangeError', string]>([
    ['isServer', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['servername', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['servername', 'a\0b', 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['rejectUnauthorized', 0, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['allowPeerStop', 'yes', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['requireCloseNotify', null, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['offloadHandshake', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['requestOCSP', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['enableTrace', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['unread', 'drop', 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['checkServerIdentity', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['pskCallback', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['session', 'x', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['signal', 1, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['leftover', 'x', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['leftover', [Buffer.alloc(1), 'x'], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['leftover', Buffer.alloc(131_073), 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['leftover', [Buffer.alloc(131_072), Buffer.alloc(1)], 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', 0, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', -1, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', Infinity, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', NaN, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['handshakeTimeout', '1', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['maxHandshakeBytes', 1, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['minDHSize', 0, 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['ALPNProtocols', 'h2', 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['ALPNProtocols', [1], 'TypeError', 'ERR_INVALID_ARG_TYPE'],
    ['ALPNProtocols', [''], 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['ALPNProtocols', ['x'.repeat(256)], 'RangeError', 'ERR_OUT_OF_RANGE'],
    ['ALPNProtocols', Buffer.from([5, 1]), 'TypeError', 'ERR_INVALID_ARG_VALUE'],
    ['secureContext', {}, 'TypeError', 'ERR_INVALID_ARG_TYPE'],
  ])('%s: %p', (option, value, name, code) => {
    const base = option === 'secureContext' ? { servername: 'localhost' } : client;
    expect(refusalOf(start({ ...base, [option]: value }))).toMatchObject({ name, code });
  });

  test('are told in the words of Node', () => {
    expect(refusalOf(start({ ...client, servername: 5 })).message).toBe(
      'The "options.servername" property must be of type string. Received type number (5)',
    );
    expect(refusalOf(start({ ...client, handshakeTimeout: 0 })).message).toBe(
      'The value of "options.handshakeTimeout" is out of range. It must be >= 1 && <= 2147483647. Received 0',
    );
  });
});

describe('leftover', () => {
  test.each([
    [undefined, 0],
    [Buffer.from('ab'), 1],
    [[Buffer.from('a'), new Uint8Array(2)], 2],
  ])('%p is %d chunks', (leftover, chunks) => {
    expect(parseStartTLSOptions({ ...client, leftover }).leftover).toHaveLength(chunks);
  });
});

describe('wireProtocols', () => {
  test('agrees with tls.convertALPNProtocols', () => {
    const names = ['h2', 'http/1.1', 'é'];
    const out: { ALPNProtocols?: Buffer } = {};
    // The types of Node leave it out.
    const { convertALPNProtocols } = tls as unknown as {
      convertALPNProtocols(protocols: string[], out: { ALPNProtocols?: Buffer }): void;
    };
    convertALPNProtocols(names, out);
    expect(wireProtocols(names)).toEqual(out.ALPNProtocols);
  });

  test('copies bytes that are in wire format, whatever their view', () => {
    const wire = Buffer.from('\x02h2');
    const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
    const copy = wireProtocols(view);
    expect(copy).toEqual(wire);
    wire[0] = 0;
    expect(copy?.[0]).toBe(2);
  });

  test.each([[undefined], [null], [[]], [Buffer.alloc(0)]])('%p is none', (value) => {
    expect(wireProtocols(value)).toBeUndefined();
  });
});

describe('parseStopTLSOptions', () => {
  test('has defaults', () => {
    expect(parseStopTLSOptions()).toEqual({
      timeout: 30_000,
      onTimeout: 'destroy',
      notify: true,
      signal: undefined,
    });
  });

  test.each([
    [{ timeout: 0 }, 'ERR_OUT_OF_RANGE'],
    [{ timeout: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ onTimeout: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    [{ notify: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ signal: {} }, 'ERR_INVALID_ARG_TYPE'],
    [5, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %p', (options, code) => {
    expect(refusalOf(() => parseStopTLSOptions(options as object)).code).toBe(code);
  });
});

describe('parseSocketOptions', () => {
  const transport = new stream.PassThrough();

  test('passes on only what can not change how the stream works', () => {
    const options = { highWaterMark: 5, objectMode: true, read() {}, maxDepth: 3 };
    expect(parseSocketOptions(transport, options)).toEqual({
      duplex: { allowHalfOpen: true, emitClose: false, highWaterMark: 5 },
      dynamicRecordSizing: false,
      maxDepth: 3,
      onread: null,
    });
  });

  test.each([[undefined], [null], [{}], [new stream.Readable()], ['x']])(
    'refuses %p as a transport',
    (value) => {
      expect(refusalOf(() => parseSocketOptions(value)).code).toBe('ERR_INVALID_ARG_TYPE');
    },
  );

  test('refuses a transport of objects', () => {
    const objects = new stream.PassThrough({ objectMode: true });
    expect(refusalOf(() => parseSocketOptions(objects)).code).toBe('ERR_INVALID_ARG_TYPE');
  });

  test.each([
    [{ maxDepth: -1 }, 'ERR_OUT_OF_RANGE'],
    [{ maxDepth: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [{ onread: 1 }, 'ERR_INVALID_ARG_TYPE'],
    [{ onread: { buffer: 'x', callback() {} } }, 'ERR_INVALID_ARG_TYPE'],
    [{ onread: { buffer: Buffer.alloc(0), callback() {} } }, 'ERR_INVALID_ARG_VALUE'],
    [{ onread: { buffer: Buffer.alloc(1) } }, 'ERR_INVALID_ARG_TYPE'],
  ])('refuses %p', (options, code) => {
    expect(refusalOf(() => parseSocketOptions(transport, options as object)).code).toBe(code);
  });
});

describe('pskCallback', () => {
  const psk = Buffer.from('key');

  test('of a client gets the hint and gives key and identity', () => {
    const pskCallback = jest.fn(() => ({ psk, identity: 'me' }));
    const layer = parseStartTLSOptions({ ...client, pskCallback });
    expect(layer.psk?.('hint', 256, 128)).toEqual({ psk, identity: 'me' });
    expect(pskCallback).toHaveBeenCalledWith('hint');
  });

  test('of a server gets its socket and the identity', () => {
    const pskCallback = jest.fn(() => psk);
    const shared = parseStartTLSOptions({ isServer: true, pskCallback });
    const [first, second] = [bindPsk(shared, 'first'), bindPsk(shared, 'second')];
    expect(first.psk?.('me', 256, 128)).toEqual({ psk });
    second.psk?.('you', 256, 128);
    expect(pskCallback.mock.calls).toEqual([
      ['first', 'me'],
      ['second', 'you'],
    ]);
  });

  test.each([
    [{ psk, identity: 'x'.repeat(129) }, 'ERR_INVALID_ARG_VALUE'],
    [{ psk: Buffer.alloc(257), identity: 'x' }, 'ERR_INVALID_ARG_VALUE'],
    [{ psk, identity: 5 }, 'ERR_INVALID_ARG_TYPE'],
    [{ psk: 'x', identity: 'x' }, 'ERR_INVALID_ARG_TYPE'],
    [5, 'ERR_INVALID_ARG_TYPE'],
  ])('that answers %p keeps the reason and gives no key', (answer, code) => {
    const layer = parseStartTLSOptions({ ...client, pskCallback: (() => answer) as never });
    expect(layer.psk?.(null, 256, 128)).toBeNull();
    expect(layer.pskError).toMatchObject({ code });
  });

  test('that throws does not throw through the handshake', () => {
    const error = new Error('no key');
    const pskCallback = () => {
      throw error;
    };
    const layer = parseStartTLSOptions({ ...client, pskCallback });
    expect(layer.psk?.(null, 256, 128)).toBeNull();
    expect(layer.pskError).toBe(error);
  });
});

describe('withSharedContext', () => {
  test('leaves options that parse into the same layer', () => {
    const shared = withSharedContext({ ...server, requestCert: true, ca: authority.cert });
    expect(Object.keys(shared).sort()).toEqual(['isServer', 'requestCert', 'secureContext']);
    expect(parseStartTLSOptions(shared).secureContext).toBe(shared.secureContext);
  });
});
