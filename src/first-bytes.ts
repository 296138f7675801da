/** What the first bytes of a peer that does not speak TLS tell about it. */

const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
} as const;

const TEXTS: readonly [RegExp, string][] = [
  [/^HTTP\/\d/, 'an HTTP response'],
  [/^PRI \* HTTP\/2/, 'an HTTP/2 connection preface'],
  [/^(GET|HEAD|POST|PUT|DELETE|OPTIONS|PATCH|TRACE|CONNECT) /, 'an HTTP request'],
  [/^SSH-/, 'the greeting of SSH'],
  [/^(220|421|554)[ -]/, 'the greeting of an SMTP or FTP server'],
  [/^(EHLO|HELO|LHLO|MAIL FROM|STARTTLS|QUIT)\b/i, 'an SMTP command'],
  [/^\* (OK|PREAUTH|BYE)\b/, 'the greeting of an IMAP server'],
  [/^(\+OK|-ERR)\b/, 'the greeting of a POP3 server'],
  [/^(PROXY (TCP|UNKNOWN)|\r\n\r\n\0\r\nQUIT\n)/, 'a PROXY protocol header'],
];

/** Whether the bytes may be the start of a handshake: a handshake or an alert record (RFC 8446 §5.1), or part of it. */
export function looksLikeHandshake(bytes: Uint8Array): boolean {
  const [type, major] = bytes;
  if (type === undefined) return true;
  if (type !== CONTENT_TYPE.handshake && type !== CONTENT_TYPE.alert) return isSsl2Hello(bytes);
  return major === undefined || major === 3;
}

/** A ClientHello in the format of SSL 2.0, which OpenSSL understands and answers with an alert. */
function isSsl2Hello(bytes: Uint8Array): boolean {
  const [high, , messageType, major] = bytes;
  return (
    high !== undefined && (high & 0x80) !== 0 && messageType === 1 && (major === 2 || major === 3)
  );
}

/** A noun phrase: `an HTTP request ("GET / HTTP/1.1")`. */
export function describeFirstBytes(bytes: Uint8Array): string {
  const [type, major] = bytes;
  if (major === 3 && type === CONTENT_TYPE.applicationData) {
    return 'TLS application data: the two ends disagree on the order of layers';
  }
  if (major === 3 && type === CONTENT_TYPE.changeCipherSpec) {
    return 'a TLS record out of order: the two ends disagree on the order of layers';
  }
  const text = Buffer.from(bytes).toString('latin1');
  const known = TEXTS.find(([pattern]) => pattern.test(text))?.[1];
  const printable = /^[\x20-\x7e]+/.exec(text)?.[0];
  if (known !== undefined) return printable === undefined ? known : `${known} ("${printable}")`;
  if (printable !== undefined && /^[\x20-\x7e\r\n\t]+$/.test(text)) return `text ("${printable}")`;
  return `bytes of no known protocol (${Buffer.from(bytes.subarray(0, 8)).toString('hex')})`;
}
