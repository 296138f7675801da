/**
 * Runs the contestants of a case in turn, run by run, so that a slow minute of the machine hits all of them alike.
 */
import { createAuthority } from '../certificates';
import { type BenchCase, type EngineCase, type Metric, type NetworkCase, WARM_UPS } from './cases';
import { PeerProcess } from './ipc';
import type {
  Contestant,
  EngineSetup,
  KeyType,
  Measurement,
  Result,
  Sample,
  Setup,
  Usage,
} from './model';
import { type Placement, placements } from './processors';
import { SERVER_NAME } from './stack';
import { spread } from './statistics';

export interface Plan {
  readonly runs: number;
  /** Divides the work of a run: for a quick look, and for tests. */
  readonly divisor: number;
  /** Rounds before those that count, however many a case would have. */
  readonly mostWarmUps: number;
  readonly nodeOptions?: readonly string[];
  /** Contestants to leave out, by label. */
  readonly without: ReadonlySet<string>;
  progress(text: string): void;
}

/** A contestant that is ready to run. */
interface Runner {
  readonly label: string;
  run(): Promise<Sample | null>;
  end(): Promise<unknown>;
}

export async function measure(
  benchCase: BenchCase,
  depth: number,
  keyType: KeyType,
  plan: Plan,
): Promise<Result[]> {
  const credentials = createCredentials(keyType);
  const runners =
    'engines' in benchCase
      ? engineRunners(benchCase, depth, credentials, plan)
      : networkRunners(benchCase, depth, keyType, credentials, plan);
  const samples = new Map<string, Sample[]>(runners.map(({ label }) => [label, []]));
  try {
    const warmUps = Math.min(benchCase.warmUps ?? WARM_UPS, plan.mostWarmUps);
    for (let run = -warmUps; run < plan.runs; run++) {
      for (const runner of runners) {
        plan.progress(
          `${benchCase.name}, ${keyType}, depth ${depth}, run ${Math.max(run, 0) + 1} of ${plan.runs}: ${runner.label}`,
        );
        const sample = await runner.run();
        if (sample && run >= 0) samples.get(runner.label)?.push(sample);
      }
    }
  } finally {
    await Promise.all(runners.map((runner) => runner.end()));
  }
  return summarize(benchCase, depth, keyType, samples);
}

type Credentials = Pick<Setup, 'ca' | 'identity'>;

function createCredentials(keyType: KeyType): Credentials {
  const authority = createAuthority({ keyType });
  const { key, cert } = authority.issue({ name: SERVER_NAME, altNames: [SERVER_NAME], keyType });
  return { ca: authority.cert, identity: { key, cert } };
}

function networkRunners(
  benchCase: NetworkCase,
  depth: number,
  keyType: KeyType,
  credentials: Credentials,
  plan: Plan,
): Runner[] {
  const work = scaled({ resume: false, ...benchCase.work(depth, keyType) }, plan.divisor);
  return benchCase.contestants
    .filter(({ label }) => !plan.without.has(label))
    .map((contestant: Contestant) => {
      const setup = { ...contestant, ...credentials, depth, role: benchCase.role, work };
      return new NetworkRunner(benchCase, setup, plan);
    });
}

function scaled(work: Setup['work'], divisor: number): Setup['work'] {
  const less = (value: number, floor: number) =>
    Math.max(Math.min(value, floor), Math.round(value / divisor));
  return {
    ...work,
    // A whole number of writes, so that the server knows when it has everything.
    bytes: Math.ceil(less(work.bytes, 1024) / (work.writeSize || 1)) * (work.writeSize || 1),
    operations: less(work.operations, work.inFlight),
  };
}

interface Ends {
  readonly server: PeerProcess;
  readonly client: PeerProcess;
}

/** What was measured in one placement. */
interface Part {
  readonly run: Measurement;
  readonly server: Usage;
  readonly client: Usage;
}

/** Two processes, one at each end of the connections. */
class NetworkRunner implements Runner {
  readonly label: string;
  readonly #case: NetworkCase;
  readonly #setup: Setup;
  readonly #plan: Plan;
  readonly #placements: readonly Placement[];
  #ends: Ends | undefined;

  constructor(benchCase: NetworkCase, setup: Setup, plan: Plan) {
    this.label = setup.label;
    this.#case = benchCase;
    this.#setup = setup;
    this.#plan = plan;
    this.#placements = placements(benchCase.placing ?? 'any');
  }

  async run(): Promise<Sample> {
    if (this.#case.freshProcesses) await this.end();
    const ends = await this.#start();
    const parts: Part[] = [];
    for (const placement of this.#placements) parts.push(await this.#runOn(ends, placement));
    return sample(
      this.#case.metric,
      parts.map(({ run }) => run).reduce(sum),
      parts.map(({ server }) => server).reduce(sumOfUsage),
      parts.map(({ client }) => client).reduce(sumOfUsage),
    );
  }

  async end(): Promise<void> {
    await Promise.all([this.#ends?.server.end(), this.#ends?.client.end()]);
    this.#ends = undefined;
  }

  async #start(): Promise<Ends> {
    if (this.#ends) return this.#ends;
    const nodeOptions = [...(this.#case.nodeOptions ?? []), ...(this.#plan.nodeOptions ?? [])];
    const server = new PeerProcess(nodeOptions);
    const client = new PeerProcess(nodeOptions);
    this.#ends = { server, client };
    const port = await server.call('serve', this.#setup);
    await client.call('open', this.#setup, port);
    if (this.#case.freshProcesses) await client.call('run');
    return this.#ends;
  }

  async #runOn({ server, client }: Ends, placement: Placement): Promise<Part> {
    if (placement.server !== undefined) server.stayOn(placement.server);
    if (placement.client !== undefined) client.stayOn(placement.client);
    const fresh = this.#case.freshProcesses === true;
    const before = await server.call('usage', fresh);
    const clientBefore = await client.call('usage', fresh);
    const run = await client.call('run');
    const after = await server.call('usage', fresh);
    const clientAfter = await client.call('usage', fresh);
    return {
      run,
      server: { ...after, rss: after.rss - before.rss },
      client: { ...clientAfter, rss: clientAfter.rss - clientBefore.rss },
    };
  }
}

function sum(a: Measurement, b: Measurement): Measurement {
  return {
    seconds: a.seconds + b.seconds,
    operations: a.operations + b.operations,
    bytes: a.bytes + b.bytes,
    extras: b.extras,
  };
}

function sumOfUsage(a: Usage, b: Usage): Usage {
  return {
    cpuSeconds: a.cpuSeconds + b.cpuSeconds,
    rss: a.rss + b.rss,
    stallMs: Math.max(a.stallMs, b.stallMs),
  };
}

function engineRunners(
  benchCase: EngineCase,
  depth: number,
  credentials: Credentials,
  plan: Plan,
): Runner[] {
  const { writeSize } = benchCase;
  const bytes =
    Math.max(1, Math.round(benchCase.bytes(depth) / plan.divisor / writeSize)) * writeSize;
  return benchCase.engines
    .filter(({ label }) => !plan.without.has(label))
    .map(
      (contestant) =>
        new EngineRunner(
          benchCase.metric,
          { ...contestant, ...credentials, depth, bytes, writeSize },
          plan,
        ),
    );
}

/** One process: bytes go through both ends without a socket. */
class EngineRunner implements Runner {
  readonly label: string;
  readonly #metric: Metric;
  readonly #setup: EngineSetup;
  readonly #peer: PeerProcess;

  constructor(metric: Metric, setup: EngineSetup, plan: Plan) {
    this.label = setup.label;
    this.#metric = metric;
    this.#setup = setup;
    this.#peer = new PeerProcess(plan.nodeOptions);
    // The same for all engines.
    const cpu = placements('one')[0]?.server;
    if (cpu !== undefined) this.#peer.stayOn(cpu);
  }

  /** `null` when this installation does not have the engine. */
  async run(): Promise<Sample | null> {
    await this.#peer.call('usage', false);
    const run = await this.#peer.call('inProcess', this.#setup);
    const used = await this.#peer.call('usage', false);
    return run && sample(this.#metric, run, used, { ...used, cpuSeconds: Number.NaN });
  }

  end(): Promise<void> {
    return this.#peer.end();
  }
}

function sample(metric: Metric, run: Measurement, server: Usage, client: Usage): Sample {
  return {
    value: metric.value(run, server),
    serverCpu: metric.cpu(server.cpuSeconds, run),
    clientCpu: metric.cpu(client.cpuSeconds, run),
    extras: {
      ...run.extras,
      stallMs: server.stallMs,
      clientKiB: client.rss / 1024 / Math.max(1, run.operations),
    },
  };
}

/** Median of the quotients of each round: what slows a minute of the machine down is in both terms. */
function medianRatio(samples: readonly Sample[], baseline: readonly Sample[], of: Figure): number {
  const pairs = Math.min(samples.length, baseline.length);
  const quotients = Array.from(
    { length: pairs },
    (_, round) => of(samples[round] as Sample) / of(baseline[round] as Sample),
  );
  return spread(quotients).median;
}

type Figure = (sample: Sample) => number;

const value: Figure = (sample) => sample.value;
/** An engine has one end. */
const cpuOfBothSides: Figure = ({ serverCpu, clientCpu }) => serverCpu + (clientCpu || 0);

function summarize(
  { name, title, metric }: BenchCase,
  depth: number,
  keyType: KeyType,
  samples: ReadonlyMap<string, readonly Sample[]>,
): Result[] {
  const ran = [...samples].filter(([, taken]) => taken.length > 0);
  const [baseline, baselineSamples] = ran[0] ?? ['', []];
  return ran.map(([contestant, taken]) => {
    const extras = Object.keys(taken[0]?.extras ?? {});
    return {
      case: name,
      title,
      unit: metric.unit,
      cpuUnit: metric.cpuUnit,
      higherIsBetter: metric.higherIsBetter,
      depth,
      keyType,
      contestant,
      baseline,
      runs: taken.length,
      value: spread(taken.map(value)),
      ratio: medianRatio(taken, baselineSamples, value),
      cpuRatio: 1 / medianRatio(taken, baselineSamples, cpuOfBothSides),
      serverCpu: spread(taken.map((each) => each.serverCpu)),
      clientCpu: spread(taken.map((each) => each.clientCpu)),
      extras: Object.fromEntries(
        extras.map((extra) => [
          extra,
          spread(taken.map((each) => each.extras[extra] ?? Number.NaN)),
        ]),
      ),
    };
  });
}
