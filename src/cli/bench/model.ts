/**
 * The words of the benchmark, shared by the process that schedules the runs and the two that are measured.
 *
 * A *case* is a kind of work (bulk, round trips, …). At each depth, *contestants* do it in turn, run by run; the first one
 * is the baseline that the others are divided by. A run gives one {@link Sample}; the runs of a contestant, one {@link Result}.
 */

export type StackName = 'node:tls' | 'onion-tls';
export type KeyType = 'ec-p256' | 'rsa-2048';

/** What a server does with a connection, once all its layers are up. */
export type ServerRole = 'sink' | 'echo' | 'greet' | 'hold';

/** What a client does in one run. */
export type ClientWork = 'stream' | 'ping' | 'handshakes' | 'burst' | 'hello-burst' | 'idle';

export interface Contestant {
  readonly label: string;
  readonly stack: StackName;
  /** Plaintext is delivered into one reused buffer instead of with `'data'`. */
  readonly onread?: boolean;
  readonly offloadHandshake?: boolean;
}

/** What moves bytes through layers within one process, without sockets. */
export type Engine = 'loop' | 'gcm' | 'chain';

export interface EngineContestant {
  readonly label: string;
  readonly engine: Engine;
}

export interface EngineSetup extends EngineContestant {
  readonly depth: number;
  readonly ca: string;
  readonly identity: Identity;
  readonly bytes: number;
  readonly writeSize: number;
}

export interface Identity {
  readonly key: string;
  readonly cert: string;
}

/** Everything that one end of a connection has to know; it crosses the process border as JSON. */
export interface Setup extends Contestant {
  readonly depth: number;
  readonly ca: string;
  readonly identity: Identity;
  readonly role: ServerRole;
  readonly work: WorkOptions;
}

export interface WorkOptions {
  readonly work: ClientWork;
  /** Bytes of one transfer (stream). */
  readonly bytes: number;
  /** Size of one write (stream, ping). */
  readonly writeSize: number;
  /** Writes made in one tick (stream). */
  readonly writesPerTick: number;
  /** Transfers, round trips or connections of one run. */
  readonly operations: number;
  /** Connections that are being set up at the same time. */
  readonly inFlight: number;
  readonly resume: boolean;
}

/** What the client measured in one run. */
export interface Measurement {
  readonly seconds: number;
  readonly operations: number;
  readonly bytes: number;
  readonly extras: Readonly<Record<string, number>>;
}

/** The resources a process has used since it was last asked. */
export interface Usage {
  readonly cpuSeconds: number;
  readonly rss: number;
  /** Longest time in milliseconds for which the event loop did not turn. */
  readonly stallMs: number;
}

export interface Sample {
  readonly value: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
  readonly extras: Readonly<Record<string, number>>;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface Result {
  readonly case: string;
  readonly title: string;
  readonly unit: string;
  readonly cpuUnit: string;
  readonly higherIsBetter: boolean;
  readonly depth: number;
  readonly keyType: KeyType;
  readonly contestant: string;
  readonly baseline: string;
  readonly runs: number;
  readonly value: Spread;
  /** This contestant over the baseline: the median of the rounds' quotients. */
  readonly ratio: number;
  /** CPU time of the baseline over that of this contestant, both ends together, by round as well: 2 means half the CPU. */
  readonly cpuRatio: number;
  readonly serverCpu: Spread;
  readonly clientCpu: Spread;
  readonly extras: Readonly<Record<string, Spread>>;
}

export interface Environment {
  readonly package: string;
  readonly node: string;
  readonly openssl: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpus: number;
  /** How TCP paces what is sent, such as `cubic`; undefined where the system does not say. */
  readonly congestionControl: string | undefined;
  readonly runs: number;
  readonly date: string;
}
