/** TLS 1.3 records of a peer that sends what none of ours would (RFC 8446 §5.2 and §7.3), made of a line of the key log. */
import { createCipheriv, createHmac } from 'node:crypto';

/** The only cipher suite that is forged; both sides have to be given it. */
export const FORGED_SUITE = 'TLS_AES_128_GCM_SHA256';

const HEADER = 5;
const TAG = 16;

/** HKDF-Expand-Label without a context, of at most one block of SHA-256. */
function expandLabel(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.from([0, length, name.length, ...name, 0, 1]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

export class RecordForger {
  readonly #key: Buffer;
  readonly #iv: Buffer;
  #sequence = 0n;

  /** @param line - of the key log: a `…_TRAFFIC_SECRET_0` whose owner has not sent anything with it */
  constructor(line: string) {
    const secret = Buffer.from(line.trim().split(' ').at(-1) as string, 'hex');
    this.#key = expandLabel(secret, 'key', 16);
    this.#iv = expandLabel(secret, 'iv', 12);
  }

  alert(level: 'warning' | 'fatal', description: number): Buffer {
    return this.#seal(21, Buffer.from([level === 'warning' ? 1 : 2, description]));
  }

  #seal(type: number, content: Buffer): Buffer {
    const header = Buffer.from([23, 3, 3, 0, content.length + 1 + TAG]);
    const cipher = createCipheriv('aes-128-gcm', this.#key, this.#nonce());
    cipher.setAAD(header.subarray(0, HEADER));
    const sealed = cipher.update(Buffer.concat([content, Buffer.from([type])]));
    return Buffer.concat([header, sealed, cipher.final(), cipher.getAuthTag()]);
  }

  #nonce(): Buffer {
    const nonce = Buffer.from(this.#iv);
    const sequence = Buffer.alloc(8);
    sequence.writeBigUInt64BE(this.#sequence++);
    for (const [index, byte] of sequence.entries())
      nonce[index + 4] = (nonce[index + 4] as number) ^ byte;
    return nonce;
  }
}
