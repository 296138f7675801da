/** What `enableTrace` writes: one paragraph for each message of a layer's protocol, with its bytes. */
import type { NativeNote } from './native';

type MessageNote = Extract<NativeNote, { kind: 'sent' | 'received' }>;

const CONTENT_TYPES: ReadonlyMap<number, string> = new Map([
  [20, 'ChangeCipherSpec'],
  [21, 'Alert'],
  [22, 'Handshake'],
]);

/** RFC 8446 §4 and, of what it has left out, RFC 5246 §7.4. */
const HANDSHAKE_TYPES: ReadonlyMap<number, string> = new Map([
  [0, 'HelloRequest'],
  [1, 'ClientHello'],
  [2, 'ServerHello'],
  [4, 'NewSessionTicket'],
  [5, 'EndOfEarlyData'],
  [8, 'EncryptedExtensions'],
  [11, 'Certificate'],
  [12, 'ServerKeyExchange'],
  [13, 'CertificateRequest'],
  [14, 'ServerHelloDone'],
  [15, 'CertificateVerify'],
  [16, 'ClientKeyExchange'],
  [20, 'Finished'],
  [22, 'CertificateStatus'],
  [24, 'KeyUpdate'],
  [25, 'CompressedCertificate'],
]);

const BYTES_IN_LINE = 32;

function named(names: ReadonlyMap<number, string>, number: number | undefined): string {
  if (number === undefined) return 'nothing';
  return `${names.get(number) ?? 'unknown'} (${number})`;
}

function describe(type: number | undefined, data: Buffer): string {
  if (type === 21) {
    const level = data[0] === 2 ? 'fatal' : 'warning';
    return `Level=${level}, Description=${data[1]}`;
  }
  if (type === 22) return `${named(HANDSHAKE_TYPES, data[0])}, Length=${data.length - 4}`;
  return `Length=${data.length}`;
}

function hexLines(data: Buffer): string[] {
  const hex = data.toString('hex').match(new RegExp(`.{1,${BYTES_IN_LINE * 2}}`, 'g')) ?? [];
  return hex.map((line) => `      ${line}`);
}

function paragraph({ kind, data, id }: MessageNote, layer: number): string {
  // Most connections have one layer only.
  const where = layer === 1 ? '' : ` in layer ${layer}`;
  const lines = [
    `${kind === 'sent' ? 'Sent' : 'Received'} TLS Record${where}`,
    `  Content Type = ${named(CONTENT_TYPES, id[0])}`,
    `    ${describe(id[0], data)}`,
    ...hexLines(data),
  ];
  return `${lines.join('\n')}\n\n`;
}

/** Writes a note to stderr if it is about a message. */
export function trace(note: NativeNote, layer: { readonly index: number }): void {
  if (note.kind !== 'sent' && note.kind !== 'received') return;
  process.stderr.write(paragraph(note, layer.index));
}
