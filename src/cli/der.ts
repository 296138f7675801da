/**
 * A writer of DER (ITU-T X.690), as much of it as an X.509 certificate needs.
 * Every function returns one complete tag-length-value element.
 */

const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  sequence: 0x30,
  set: 0x31,
  utcTime: 0x17,
  generalizedTime: 0x18,
} as const;

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest = Math.floor(rest / 256)) {
    bytes.unshift(rest % 256);
  }
  return Buffer.of(0x80 | bytes.length, ...bytes);
}

function element(tag: number, content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.of(tag), length(body.length), body]);
}

export function sequence(...content: Uint8Array[]): Buffer {
  return element(TAG.sequence, content);
}

export function set(...content: Uint8Array[]): Buffer {
  return element(TAG.set, content);
}

export function boolean(value: boolean): Buffer {
  return element(TAG.boolean, [Buffer.of(value ? 0xff : 0x00)]);
}

/** A non-negative INTEGER from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const magnitude = Buffer.from(bytes.subarray(start));
  // The first bit is the sign, so a magnitude that uses it gets a zero byte.
  const sign = ((magnitude[0] ?? 0) & 0x80) === 0 ? [] : [Buffer.of(0)];
  return element(TAG.integer, [...sign, magnitude]);
}

export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return element(TAG.bitString, [Buffer.of(unusedBits), bytes]);
}

/**
 * A BIT STRING with named bits (X.690 §11.2.2: trailing zero bits are left
 * out). Only the first eight bits can be named here.
 */
export function namedBits(bits: readonly number[]): Buffer {
  const value = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return bitString(Buffer.of(value), 7 - Math.max(...bits));
}

export function octetString(...content: Uint8Array[]): Buffer {
  return element(TAG.octetString, content);
}

export function nothing(): Buffer {
  return element(TAG.null, []);
}

export function utf8String(text: string): Buffer {
  return element(TAG.utf8String, [Buffer.from(text, 'utf8')]);
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(TAG.objectIdentifier, [
    Buffer.from([first * 40 + second, ...rest.flatMap(base128)]),
  ]);
}

function base128(value: number): number[] {
  const bytes = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.unshift(0x80 | (rest % 128));
  }
  return bytes;
}

/** A Time as RFC 5280 §4.1.2.5 wants it: UTCTime until 2049, then GeneralizedTime. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const year = date.getUTCFullYear();
  return year >= 1950 && year < 2050
    ? element(TAG.utcTime, [Buffer.from(digits.slice(2), 'ascii')])
    : element(TAG.generalizedTime, [Buffer.from(digits, 'ascii')]);
}

/** `[number] EXPLICIT`, around complete elements. */
export function explicit(number: number, ...content: Uint8Array[]): Buffer {
  return element(0xa0 | number, content);
}

/** `[number] IMPLICIT` of a primitive type: its content without its own tag. */
export function implicit(number: number, content: Uint8Array): Buffer {
  return element(0x80 | number, [content]);
}
