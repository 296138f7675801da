import { inspect } from 'node:util';
import {
  AlertError,
  CertificateError,
  errorFromFailure,
  errorFromThrown,
  HandshakeError,
  LimitError,
  ProtocolError,
  StateError,
  TLSError,
  TLSTimeoutError,
  TruncationError,
  UnknownProtocolError,
} from '../../src/errors';
import { describeFirstBytes, looksLikeHandshake } from '../../src/first-bytes';
import type { NativeErrorEntry, NativeFailure } from '../../src/native';
import { codeOfEntry } from '../../src/openssl-codes';

function entry(text: string, fields: Partial<NativeErrorEntry> = {}): NativeErrorEntry {
  const [, , library = '', , reason = ''] = text.split(':');
  return { library, function: '', reason, reasonCode: 0, text, ...fields };
}

const WRONG_VERSION = entry('error:0A00010B:SSL routines::wrong version number', {
  function: 'ssl3_get_record',
});

function failure(fields: Partial<NativeFailure>): NativeFailure {
  const received = Buffer.from('160301', 'hex');
  return { entries: [WRONG_VERSION], handshaking: true, received, ...fields };
}

const RECEIVED_ALERT = { code: 40, name: 'handshake failure', direction: 'received' } as const;

describe('errorFromFailure', () => {
  test('gives a failed handshake the fields that node:tls gives it', () => {
    const other = entry('error:0A000126:SSL routines::unexpected eof while reading');
    const error = errorFromFailure(failure({ entries: [WRONG_VERSION, other] }), 3);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({
      name: 'HandshakeError',
      message: 'error:0A00010B:SSL routines::wrong version number',
      code: 'ERR_SSL_WRONG_VERSION_NUMBER',
      layer: 3,
      library: 'SSL routines',
      function: 'ssl3_get_record',
      reason: 'wrong version number',
      opensslErrorStack: ['error:0A000126:SSL routines::unexpected eof while reading'],
    });
  });

  test('names every reason ERR_SSL_…, whatever its library, as node:tls does', () => {
    const entries = [entry('error:1C800066:Provider routines::cipher operation failed')];
    expect(errorFromFailure(failure({ entries })).code).toBe('ERR_SSL_CIPHER_OPERATION_FAILED');
  });

  test('has no properties for what is not known', () => {
    const error = errorFromFailure(failure({ entries: [], peerClosed: true }));
    expect(Object.keys(error)).toEqual(['code']);
    expect(error.message).toBe('The peer has closed the layer before the TLS handshake was done');
  });

  test('has words for an alert that OpenSSL has none for', () => {
    const entries = [entry('error:0A0004B0:SSL routines::', { reasonCode: 1200 })];
    const alert = { code: 200, name: 'unknown', direction: 'received' } as const;
    expect(errorFromFailure(failure({ entries, alert }), 1)).toMatchObject({
      code: 'ERR_SSL_REASON_1200',
      message: 'The peer sent the fatal alert 200 (unknown)',
    });
  });

  test('makes a failure after the handshake a ProtocolError', () => {
    const alert = { code: 20, name: 'bad record mac', direction: 'sent' } as const;
    const error = errorFromFailure(failure({ handshaking: false, alert }));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error.alert).toEqual(alert);
  });

  test.each([true, false])(
    'makes a received alert an AlertError (handshaking: %s)',
    (handshaking) => {
      const error = errorFromFailure(failure({ handshaking, alert: RECEIVED_ALERT }));
      expect(error).toBeInstanceOf(AlertError);
      expect(error).not.toBeInstanceOf(HandshakeError);
      expect(error.alert).toEqual(RECEIVED_ALERT);
    },
  );

  test('gives a refused certificate the code and the message of Node', () => {
    const verify = { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', reason: 'self-signed certificate' };
    const entries = [entry('error:0A000086:SSL routines::certificate verify failed')];
    const error = errorFromFailure(failure({ entries, verify }), 1);
    expect(error).toBeInstanceOf(CertificateError);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: 'self-signed certificate',
      reason: 'self-signed certificate',
      library: 'SSL routines',
    });
  });

  test('does not blame a certificate that was accepted for what fails later', () => {
    const verify = { code: 'DEPTH_ZERO_SELF_SIGNED_CERT', reason: 'self-signed certificate' };
    const entries = [entry('error:0A0003FC:SSL routines::decryption failed or bad record mac')];
    const error = errorFromFailure(failure({ entries, verify, handshaking: false }), 1);
    expect(error).not.toBeInstanceOf(CertificateError);
    expect(error.code).toBe('ERR_SSL_DECRYPTION_FAILED_OR_BAD_RECORD_MAC');
  });

  test('makes a bound that was passed a LimitError', () => {
    const error = errorFromFailure(failure({ limit: 'handshake bytes' }), 2);
    expect(error).toBeInstanceOf(LimitError);
    expect(error).toMatchObject({ code: 'ERR_ONION_LIMIT', layer: 2 });
    expect(error.message).toBe('The peer sent more handshake bytes than are allowed in layer 2');
  });

  test('says what a peer that does not speak TLS has sent, and carries the bytes', () => {
    const received = Buffer.from('HTTP/1.1 400 Bad Request\r\nConne');
    const error = errorFromFailure(failure({ received }), 2) as UnknownProtocolError;
    expect(error).toBeInstanceOf(UnknownProtocolError);
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.code).toBe('ERR_SSL_WRONG_VERSION_NUMBER');
    expect(error.received).toBe(received);
    expect(error.message).toBe(
      'The peer does not speak TLS in layer 2: it sent an HTTP response ("HTTP/1.1 400 Bad Request") ' +
        '(error:0A00010B:SSL routines::wrong version number)',
    );
    expect(inspect(error)).not.toContain('received');
  });

  test('says of a PFX file that needs the legacy provider what Node says', () => {
    const entries = [entry('error:0308010C:digital envelope routines::unsupported')];
    const thrown = Object.assign(new Error('Unsupported PKCS12 PFX data'), { entries });
    expect(errorFromThrown(thrown)).toMatchObject({
      code: 'ERR_CRYPTO_UNSUPPORTED_OPERATION',
      message: 'Unsupported PKCS12 PFX data',
    });
  });

  test('says of a PFX file that was opened with a wrong passphrase what Node says', () => {
    const entries = [entry('error:11800071:PKCS12 routines::mac verify failure')];
    const thrown = Object.assign(new Error('PKCS12: failed to load'), { entries });
    expect(errorFromThrown(thrown)).toMatchObject({
      code: 'ERR_OSSL_PKCS12_MAC_VERIFY_FAILURE',
      message: 'mac verify failure',
    });
  });

  test('does not blame the protocol when the bytes are a handshake or none at all', () => {
    const none = errorFromFailure(failure({ received: Buffer.alloc(0) }));
    expect(none).not.toBeInstanceOf(UnknownProtocolError);
    expect(errorFromFailure(failure({}))).not.toBeInstanceOf(UnknownProtocolError);
  });
});

describe('looksLikeHandshake', () => {
  test.each([
    ['', true],
    ['16', true],
    ['160301', true],
    ['150303', true],
    ['802e0103', true],
    ['170303', false],
    ['140303', false],
    ['1604', false],
    ['474554', false],
  ])('%s: %s', (hex, expected) => {
    expect(looksLikeHandshake(Buffer.from(hex, 'hex'))).toBe(expected);
  });
});

describe('describeFirstBytes', () => {
  test.each([
    ['GET / HTTP/1.1\r\n', 'an HTTP request ("GET / HTTP/1.1")'],
    ['PRI * HTTP/2.0\r\n\r\nSM\r\n', 'an HTTP/2 connection preface ("PRI * HTTP/2.0")'],
    [
      '220 mail.example ESMTP\r\n',
      'the greeting of an SMTP or FTP server ("220 mail.example ESMTP")',
    ],
    ['EHLO me\r\n', 'an SMTP command ("EHLO me")'],
    ['* OK IMAP4rev1\r\n', 'the greeting of an IMAP server ("* OK IMAP4rev1")'],
    ['+OK POP3\r\n', 'the greeting of a POP3 server ("+OK POP3")'],
    ['SSH-2.0-OpenSSH_9.2\r\n', 'the greeting of SSH ("SSH-2.0-OpenSSH_9.2")'],
    ['PROXY TCP4 10.0.0.1', 'a PROXY protocol header ("PROXY TCP4 10.0.0.1")'],
    ['hello\r\n', 'text ("hello")'],
    ['\x00\x01\xff', 'bytes of no known protocol (0001ff)'],
  ])('%j is %s', (bytes, expected) => {
    expect(describeFirstBytes(Buffer.from(bytes, 'latin1'))).toBe(expected);
  });

  test('tells a layer that the other end puts elsewhere', () => {
    const record = Buffer.from('1703030040', 'hex');
    expect(describeFirstBytes(record)).toContain('the two ends disagree on the order of layers');
  });
});

describe('errorFromThrown', () => {
  function thrown(message: string, entries: NativeErrorEntry[]): Error {
    return Object.assign(new Error(message), { entries });
  }

  test('turns what OpenSSL says into the error of node:tls', () => {
    const error = errorFromThrown(
      thrown('x', [
        entry('error:0480006C:PEM routines::no start line'),
        entry('error:0A080009:SSL routines::PEM lib'),
      ]),
    );
    expect(error).toBeInstanceOf(TLSError);
    expect(error).toMatchObject({
      code: 'ERR_OSSL_PEM_NO_START_LINE',
      message: 'error:0480006C:PEM routines::no start line',
      opensslErrorStack: ['error:0A080009:SSL routines::PEM lib'],
    });
  });

  test('takes the message where OpenSSL gave no reason', () => {
    expect(errorFromThrown(thrown('Failed to set ECDH curve', []))).toMatchObject({
      code: 'ERR_CRYPTO_OPERATION_FAILED',
      message: 'Failed to set ECDH curve',
    });
  });

  test('leaves other errors alone', () => {
    const error = new TypeError('x');
    expect(errorFromThrown(error)).toBe(error);
  });
});

test.each([
  ['error:0A0000B9:SSL routines::no cipher match', 'ERR_SSL_NO_CIPHER_MATCH'],
  ['error:0480006C:PEM routines::no start line', 'ERR_OSSL_PEM_NO_START_LINE'],
  ['error:1E08010C:DECODER routines::unsupported', 'ERR_OSSL_UNSUPPORTED'],
  ['error:1C800064:Provider routines::bad decrypt', 'ERR_OSSL_BAD_DECRYPT'],
  [
    'error:05800074:x509 certificate routines::key values mismatch',
    'ERR_OSSL_X509_KEY_VALUES_MISMATCH',
  ],
  [
    'error:07880109:common libcrypto routines::interrupted or cancelled',
    'ERR_OSSL_CRYPTO_INTERRUPTED_OR_CANCELLED',
  ],
])('codeOfEntry: %s is %s', (text, code) => {
  expect(codeOfEntry(entry(text))).toBe(code);
});

describe('CertificateError.from', () => {
  test('keeps code, message and properties of the error of checkServerIdentity', () => {
    const cert = { subject: {} };
    const cause = Object.assign(new Error('Hostname does not match'), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      reason: 'Host: a',
      host: 'a',
      cert,
    });
    expect(CertificateError.from(cause, 2)).toMatchObject({
      name: 'CertificateError',
      message: 'Hostname does not match',
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
      reason: 'Host: a',
      host: 'a',
      cert,
      cause,
      layer: 2,
    });
  });

  test('has a code even where the application gave none', () => {
    expect(CertificateError.from(new Error('no')).code).toBe('ERR_ONION_IDENTITY');
  });
});

describe('errors of our own', () => {
  test.each([
    [new TruncationError('x', 2), 'ERR_ONION_TRUNCATED', 'TruncationError'],
    [new TLSTimeoutError('x', { layer: 2 }), 'ERR_TLS_HANDSHAKE_TIMEOUT', 'TLSTimeoutError'],
    [
      new TLSTimeoutError('x', { layer: 2, code: 'ERR_ONION_STOP_TIMEOUT' }),
      'ERR_ONION_STOP_TIMEOUT',
      'TLSTimeoutError',
    ],
    [new LimitError('x', { layer: 2 }), 'ERR_ONION_LIMIT', 'LimitError'],
    [new StateError('x', 2), 'ERR_ONION_STATE', 'StateError'],
  ])('%s has the code %s', (error, code, name) => {
    expect(error).toBeInstanceOf(TLSError);
    expect(error).toMatchObject({ code, name, layer: 2 });
    expect(error.stack).toMatch(new RegExp(`^${name}: x\n`));
  });
});
