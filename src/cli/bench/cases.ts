/** What is measured: the table of cases. */
import type {
  Contestant,
  EngineContestant,
  KeyType,
  Measurement,
  ServerRole,
  Usage,
  WorkOptions,
} from './model';
import type { Placing } from './processors';

/** V8 goes on compiling for some 20 000 calls of a function; a busy server has that behind it. */
export const WARM_UPS = 3;

const MB = 1e6;
const GB = 1e9;
const MiB = 2 ** 20;

/** The figure of a run, and by what the CPU seconds of each side are divided. */
export interface Metric {
  readonly unit: string;
  readonly higherIsBetter: boolean;
  readonly cpuUnit: string;
  value(run: Measurement, server: Usage): number;
  /** CPU seconds of one side → the figure in `cpuUnit`. */
  cpu(cpuSeconds: number, run: Measurement): number;
}

interface CaseBase {
  readonly name: string;
  readonly title: string;
  readonly metric: Metric;
  readonly keyTypes: readonly KeyType[];
  /** Rounds that come first and do not count; as a rule {@link WARM_UPS}. */
  readonly warmUps?: number;
  /** Depths other than these are left out. */
  readonly depths?: readonly number[];
}

export interface NetworkCase extends CaseBase {
  readonly contestants: readonly [Contestant, ...Contestant[]];
  readonly role: ServerRole;
  /** Where the two ends run; `any` unless it is said. */
  readonly placing?: Placing;
  /** Each run needs processes that have done nothing before. */
  readonly freshProcesses?: boolean;
  /** For the measured processes, before those of the command line. */
  readonly nodeOptions?: readonly string[];
  work(depth: number, keyType: KeyType): Omit<WorkOptions, 'resume'> & { resume?: boolean };
}

export interface EngineCase extends CaseBase {
  readonly engines: readonly [EngineContestant, ...EngineContestant[]];
  readonly writeSize: number;
  bytes(depth: number): number;
}

export type BenchCase = NetworkCase | EngineCase;

const NODE: Contestant = { label: 'node:tls', stack: 'node:tls' };
const ONION: Contestant = { label: 'onion-tls', stack: 'onion-tls' };
const ONE_KEY: readonly KeyType[] = ['ec-p256'];
const BOTH_KEYS: readonly KeyType[] = ['ec-p256', 'rsa-2048'];

const THROUGHPUT: Metric = {
  unit: 'MB/s',
  higherIsBetter: true,
  cpuUnit: 'CPU s/GB',
  value: (run) => run.bytes / MB / run.seconds,
  cpu: (seconds, run) => (seconds / run.bytes) * GB,
};

const RATE: Metric = {
  unit: '1/s',
  higherIsBetter: true,
  cpuUnit: 'CPU µs/op',
  value: (run) => run.operations / run.seconds,
  cpu: (seconds, run) => (seconds / run.operations) * 1e6,
};

const MEMORY: Metric = {
  unit: 'KiB',
  higherIsBetter: false,
  cpuUnit: 'CPU µs/op',
  value: (run, server) => server.rss / 1024 / run.operations,
  cpu: RATE.cpu,
};

const NO_WORK = { bytes: 0, writeSize: 0, writesPerTick: 1, operations: 1, inFlight: 1 };

const bulk: NetworkCase = {
  name: 'bulk',
  title: 'Bulk one way, 64 KiB writes',
  metric: THROUGHPUT,
  keyTypes: ONE_KEY,
  contestants: [NODE, ONION, { label: 'onion-tls onread', stack: 'onion-tls', onread: true }],
  role: 'sink',
  placing: 'each in turn',
  work: (depth) => ({
    ...NO_WORK,
    work: 'stream',
    bytes: roundTo(512 / (depth + 1), 16) * MiB,
    writeSize: 65_536,
  }),
};

const small: NetworkCase = {
  name: 'small',
  title: 'Small writes: 1 KiB, 64 in one tick',
  metric: THROUGHPUT,
  keyTypes: ONE_KEY,
  contestants: [NODE, ONION],
  role: 'sink',
  placing: 'each in turn',
  work: (depth) => ({
    ...NO_WORK,
    work: 'stream',
    bytes: roundTo(128 / (depth + 1), 8) * MiB,
    writeSize: 1024,
    writesPerTick: 64,
  }),
};

const roundTrips: NetworkCase = {
  name: 'round-trips',
  title: 'Round trips of 64 bytes, both ends on one CPU',
  metric: RATE,
  keyTypes: ONE_KEY,
  contestants: [NODE, ONION],
  role: 'echo',
  placing: 'one',
  work: (depth) => ({
    ...NO_WORK,
    work: 'ping',
    writeSize: 64,
    operations: roundTo(24_000 / (depth + 1), 500),
  }),
};

const handshakes: NetworkCase = {
  name: 'handshakes',
  title: 'Full handshakes, 16 in flight',
  metric: RATE,
  keyTypes: BOTH_KEYS,
  contestants: [NODE, ONION],
  role: 'greet',
  placing: 'each in turn',
  work: (depth) => ({
    ...NO_WORK,
    work: 'handshakes',
    operations: roundTo(1200 / depth, 16),
    inFlight: 16,
  }),
};

const resumed: NetworkCase = {
  ...handshakes,
  name: 'resumed',
  title: 'Resumed handshakes, 16 in flight',
  work: (depth, keyType) => ({ ...handshakes.work(depth, keyType), resume: true }),
};

const burst: NetworkCase = {
  name: 'burst',
  title: 'Burst of 256 ClientHellos at once',
  metric: RATE,
  keyTypes: BOTH_KEYS,
  depths: [1],
  contestants: [
    NODE,
    ONION,
    { label: 'onion-tls offload', stack: 'onion-tls', offloadHandshake: true },
  ],
  role: 'greet',
  // Few connections a run.
  warmUps: 8,
  work: () => ({ ...NO_WORK, work: 'hello-burst', operations: 256, inFlight: 256 }),
};

const connectBurst: NetworkCase = {
  ...burst,
  name: 'connect-burst',
  title: 'Burst of 256 clients: connect, all layers, close',
  keyTypes: ONE_KEY,
  depths: [1, 5],
  work: () => ({ ...NO_WORK, work: 'burst', operations: 256, inFlight: 256 }),
};

const memory: NetworkCase = {
  name: 'memory',
  title: 'RSS of the server per idle connection',
  metric: MEMORY,
  keyTypes: ONE_KEY,
  contestants: [NODE, ONION],
  role: 'hold',
  freshProcesses: true,
  // V8's young generation grows in steps of megabytes, which come with the number of connections, at another one for each
  // contestant. Held at its smallest, what is left is what a connection adds.
  nodeOptions: ['--max-semi-space-size=1'],
  warmUps: 0,
  work: (depth) => ({
    ...NO_WORK,
    work: 'idle',
    operations: roundTo(1500 / (depth + 1), 50),
    inFlight: 16,
  }),
};

const engine: EngineCase = {
  name: 'engine',
  title: 'In process, seal and open, 64 KiB writes',
  metric: THROUGHPUT,
  keyTypes: ONE_KEY,
  engines: [
    { label: 'C++ loop', engine: 'loop' },
    { label: 'AES-256-GCM alone', engine: 'gcm' },
    { label: 'chain', engine: 'chain' },
  ],
  // Nothing to compile.
  warmUps: 1,
  writeSize: 65_536,
  bytes: (depth) => roundTo(512 / depth, 16) * MiB,
};

const SIZES = [1024, 16_384, 262_144, 4_194_304, 67_108_864, 1_073_741_824];

/** Is the cost linear in bytes? Not among the cases that run unless it is named. A small transfer is mostly latency. */
const sizes: NetworkCase[] = SIZES.map((bytes) => ({
  ...bulk,
  name: 'sizes',
  title: `Transfers of ${bytes / 1024} KiB`,
  contestants: [NODE, ONION],
  work: () => ({
    ...NO_WORK,
    work: 'stream',
    bytes,
    writeSize: Math.min(bytes, 65_536),
    operations: Math.min(2000, Math.ceil((64 * MiB) / bytes)),
  }),
}));

export const CASES: readonly BenchCase[] = [
  bulk,
  small,
  roundTrips,
  handshakes,
  resumed,
  burst,
  connectBurst,
  memory,
  engine,
  ...sizes,
];

/** The cases that run when none is named. */
export const DEFAULT_CASES: readonly string[] = names().filter((name) => name !== 'sizes');

export function names(): string[] {
  return [...new Set(CASES.map(({ name }) => name))];
}

function roundTo(value: number, step: number): number {
  return Math.max(step, Math.round(value / step) * step);
}
