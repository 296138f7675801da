/** Pairs of transports of every kind that a connection may have. */
import { Duplex, type DuplexOptions, duplexPair } from 'node:stream';
import { Duplex as PackagedDuplex } from 'readable-stream';
import { tcpTransports, track } from './pairs';
import { Pipe, type PipeOptions } from './pipe';

/** Delivers within `write()`, and calls back within it. */
class SynchronousEnd extends Duplex {
  other!: SynchronousEnd;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.other.push(Buffer.from(chunk));
    done();
  }

  override _final(done: () => void): void {
    this.other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.other.push(null);
    done(error);
  }
}

function synchronousPair(): [Duplex, Duplex] {
  const [a, b] = [new SynchronousEnd(), new SynchronousEnd()];
  a.other = b;
  b.other = a;
  return [a, b];
}

/** Of a package that programs have used for longer than Node's streams have all of their properties. */
function packagedPair(): [Duplex, Duplex] {
  const ends: Duplex[] = [];
  const make = (index: number): Duplex => {
    const options: DuplexOptions = {
      read() {},
      write(chunk: Buffer, _encoding, done) {
        setImmediate(() => {
          if (ends[1 - index]?.destroyed === false) ends[1 - index]?.push(Buffer.from(chunk));
          done();
        });
      },
      final(done) {
        ends[1 - index]?.push(null);
        done();
      },
    };
    return new PackagedDuplex(options);
  };
  ends.push(make(0), make(1));
  return ends as [Duplex, Duplex];
}

export const TRANSPORTS = ['pipe', 'synchronous', 'duplexPair', 'packaged', 'tcp'] as const;
export type TransportKind = (typeof TRANSPORTS)[number];

/** @param options - of a pipe */
export async function transportsOf(
  kind: TransportKind,
  options: PipeOptions = {},
): Promise<[Duplex, Duplex]> {
  const pair = await makePair(kind, options);
  return [track(pair[0]), track(pair[1])];
}

async function makePair(kind: TransportKind, options: PipeOptions): Promise<[Duplex, Duplex]> {
  switch (kind) {
    case 'pipe': {
      const { a, b } = new Pipe(options);
      return [a, b];
    }
    case 'synchronous':
      return synchronousPair();
    case 'duplexPair':
      return duplexPair();
    case 'packaged':
      return packagedPair();
    case 'tcp':
      return tcpTransports();
  }
}
