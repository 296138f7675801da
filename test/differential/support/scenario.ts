/**
 * A scenario uses one TLS implementation, given as its first parameter, and
 * logs what it sees. Entries are kept per channel ("client", "server", ...):
 * the order within a channel is compared, the order between channels is not,
 * because it depends on the scheduling of the two ends.
 */
import { createHash } from 'node:crypto';

export type TLS = typeof import('node:tls');
export type Log = (channel: string, event: string, ...values: unknown[]) => void;
export type Scenario = (tls: TLS, log: Log) => unknown;
export type ScenarioTable = Record<string, Scenario>;
export type Version = 'TLSv1.2' | 'TLSv1.3';
export const VERSIONS: readonly Version[] = ['TLSv1.2', 'TLSv1.3'];

/** The scenario once for each protocol version. */
export function forVersions(name: string, build: (version: Version) => Scenario): ScenarioTable {
  return Object.fromEntries(VERSIONS.map((version) => [`${name} (${version})`, build(version)]));
}

const OPENSSL_TEXT = /^(?:[0-9A-F]+:)?error:([0-9A-F]{8}):([^:]*):([^:]*):([^:\n]*)[\s\S]*$/;

/** What Node 24 and newer add to some errors of verification. */
const ADVICE = /; if the root CA is installed locally, .*$/;

/** An OpenSSL error text without its thread, function, file and line. */
function plainMessage(message: string): string {
  const match = OPENSSL_TEXT.exec(message);
  if (match === null) return message.replace(ADVICE, '');
  return `openssl: ${match[2]}: ${match[4]}`;
}

const ERROR_FIELDS = ['code', 'host', 'syscall', 'address', 'path'] as const;

/**
 * The classes are our own and may carry more: what is compared is the code and the words of Node, and of errors that
 * come out of OpenSSL the reason instead of the words, which name source files.
 */
function plainError(error: Error): unknown {
  const fields: Record<string, unknown> = { name: error.name };
  for (const field of ERROR_FIELDS) {
    if (field in error) fields[field] = (error as unknown as Record<string, unknown>)[field];
  }
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && /^ERR_(SSL|OSSL)_/.test(code)) {
    const { library, reason } = error as { library?: unknown; reason?: unknown };
    return { ...fields, library, reason };
  }
  return { ...fields, message: plainMessage(error.message) };
}

function plainBytes(bytes: Uint8Array): string {
  const hash = createHash('sha1').update(bytes).digest('hex').slice(0, 12);
  return `<${bytes.length} bytes ${hash}>`;
}

function plainMembers(value: object, seen: readonly object[]): unknown {
  if (seen.includes(value)) return '<circular>';
  const path = [...seen, value];
  if (Array.isArray(value)) return value.map((item) => plain(item, path));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, plain(item, path)]),
  );
}

/** What of a value is compared: JSON that does not change between two runs. */
export function plain(value: unknown, seen: readonly object[] = []): unknown {
  if (value === undefined) return '<undefined>';
  if (typeof value === 'function') return '<function>';
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return plainError(value);
  if (value instanceof Uint8Array) return plainBytes(value);
  return plainMembers(value, seen);
}

/** What `run` returns or how it throws, as a value for the log. */
export function outcome(run: () => unknown): unknown {
  try {
    return { returned: run() };
  } catch (error) {
    return { threw: error };
  }
}
