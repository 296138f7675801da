/** What the demo prints: a table that grows as it goes, or one JSON object a line. */
import type { KeyObject } from 'node:crypto';
import type { TLSLayer } from '../../index';
import { formatSize } from '../sizes';
import type { LayerStop } from './play';

export interface Report {
  start(scene: Scene): void;
  wentIn(depth: number, row: Row): void;
  cameOut(depth: number, stop: LayerStop): void;
  finish(total: { depth: number; bytesMoved: number; seconds: number }): void;
}

/** What is known before the first byte. */
export interface Scene {
  readonly depth: number;
  readonly bytes: number;
  readonly bytesOut: number;
  readonly port: number;
  /** The process of the listening end. */
  readonly listeningPid: number | undefined;
}

/** What was negotiated for a layer. */
export interface Negotiated {
  readonly protocol: string;
  readonly cipher: string;
  readonly key: string;
}

/** How it went at one depth, seen from the connecting end. */
export interface Row extends Negotiated {
  readonly handshakeMs: number;
  /** 10^6 bytes of plaintext a second, both ways together. */
  readonly megabytesPerSecond: number;
  /** What the innermost layer has added so far: handshake, record headers, tags, padding. */
  readonly overheadBytes: number;
}

/** Without any layer. */
export const PLAIN_TCP: Negotiated = { protocol: 'TCP', cipher: '', key: '' };

export function describeLayer(layer: TLSLayer): Negotiated {
  return {
    protocol: layer.getProtocol() ?? '',
    cipher: layer.getCipher()?.standardName ?? '',
    key: describeKey(layer.getPeerX509Certificate()?.publicKey),
  };
}

export function describeDepth(
  negotiated: Negotiated,
  layer: TLSLayer | null,
  bytesMoved: number,
  seconds: number,
): Row {
  const row = { ...negotiated, megabytesPerSecond: bytesMoved / 1e6 / seconds };
  if (layer === null) return { ...row, handshakeMs: 0, overheadBytes: 0 };
  const { bytesRead, bytesWritten, wireBytesRead, wireBytesWritten, handshakeMs } = layer.stats;
  const overheadBytes = wireBytesRead + wireBytesWritten - bytesRead - bytesWritten;
  return { ...row, handshakeMs, overheadBytes };
}

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

function describeKey(key: KeyObject | undefined): string {
  const { namedCurve, modulusLength } = key?.asymmetricKeyDetails ?? {};
  switch (key?.asymmetricKeyType) {
    case 'ec':
      return CURVES[namedCurve ?? ''] ?? namedCurve ?? 'EC';
    case 'rsa':
      return `RSA-${modulusLength}`;
    case 'ed25519':
      return 'Ed25519';
    default:
      return key?.asymmetricKeyType ?? '';
  }
}

export class JsonReport implements Report {
  start(scene: Scene): void {
    this.#line({ event: 'start', ...scene });
  }

  wentIn(depth: number, row: Row): void {
    this.#line({ event: 'in', depth, ...row });
  }

  cameOut(depth: number, stop: LayerStop): void {
    this.#line({ event: 'out', depth, ...stop });
  }

  finish(total: object): void {
    this.#line({ event: 'done', ...total });
  }

  #line(value: object): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }
}

type Cells = readonly string[];

const HEADER: Cells = ['layer', 'protocol', 'cipher', 'key', 'handshake', 'MB/s', 'overhead'];
const WIDTHS = [5, 8, 39, 8, 10, 8, 14];
/** Numbers stand to the right. */
const IS_NUMBER = [true, false, false, false, true, true, true];

export class TextReport implements Report {
  #bytesOut = 0;
  #isComingOut = false;

  start({ depth, bytes, bytesOut, port, listeningPid }: Scene): void {
    this.#bytesOut = bytesOut;
    const layers = depth === 1 ? 'layer' : 'layers';
    this.#line(
      `${depth} TLS ${layers} on one TCP connection (port ${port}, process ${listeningPid}).`,
    );
    this.#line(`Going in, ${formatSize(bytes)} each way at every depth, checked with SHA-256:\n`);
    this.#row(HEADER);
  }

  wentIn(depth: number, row: Row): void {
    this.#row([
      depth === 0 ? '-' : String(depth),
      row.protocol,
      row.cipher,
      row.key,
      depth === 0 ? '' : `${row.handshakeMs.toFixed(1)} ms`,
      row.megabytesPerSecond.toFixed(0),
      depth === 0 ? '' : `${row.overheadBytes.toLocaleString('en')} B`,
    ]);
  }

  cameOut(depth: number, stop: LayerStop): void {
    if (!this.#isComingOut) this.#introduceWayOut();
    const by = stop.stoppedHere ? 'this end' : 'the other end';
    const took = `${stop.milliseconds.toFixed(1)} ms`;
    this.#line(
      `  layer ${stop.layer} stopped by ${by} (${stop.reason}, ${took}), depth ${depth}: ok`,
    );
  }

  finish(total: { depth: number; bytesMoved: number; seconds: number }): void {
    const moved = formatSize(total.bytesMoved);
    this.#line(`\n${moved} moved in ${total.seconds.toFixed(1)} s, all checksums agree.`);
  }

  #introduceWayOut(): void {
    this.#line(`\nComing out, ${formatSize(this.#bytesOut)} each way at every depth:\n`);
    this.#isComingOut = true;
  }

  #row(cells: Cells): void {
    const padded = cells.map((cell, column) => {
      const width = WIDTHS[column] ?? 0;
      return IS_NUMBER[column] === true ? cell.padStart(width) : cell.padEnd(width);
    });
    this.#line(padded.join('  ').trimEnd());
  }

  #line(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}
