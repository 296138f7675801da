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
import { firstCpu } from './processors';
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

/** Two processes, one at each end of the connections. */
class NetworkRunner implements Runner {
  readonly label: string;
  readonly #case: NetworkCase;
  readonly #setup: Setup;
  readonly #plan: Plan;
  #server: PeerProcess | undefined;
  #client: PeerProcess | undefined;

  constructor(benchCase: NetworkCase, setup: Setup, plan: Plan) {
    this.label = setup.label;
    this.#case = benchCase;
    this.#setup = setup;
    this.#plan = plan;
  }

  async run(): Promise<Sample> {
    const fresh = this.#case.freshProcesses === true;
    if (fresh) await this.end();
    const { server, client } = await this.#start();
    const before = await server.call('usage', fresh);
    const clientBefore = await client.call('usage', fresh);
    const run = await client.call('run');
    const after = await server.call('usage', fresh);
    const clientAfter = await client.call('usage', fresh);
    const serverUsed = { ...after, rss: after.rss - before.rss };
    const clientUsed = { ...clientAfter, rss: clientAfter.rss - clientBefore.rss };
    return sample(this.#case.metric, run, serverUsed, clientUsed);
  }

  async end(): Promise<void> {
    await Promise.all([this.#server?.end(), this.#client?.end()]);
    this.#server = this.#client = undefined;
  }

  async #start(): Promise<{ server: PeerProcess; client: PeerProcess }> {
    if (this.#server && this.#client) return { server: this.#server, client: this.#client };
    const cpu = this.#case.onOneCpu ? firstCpu() : undefined;
    const nodeOptions = [...(this.#case.nodeOptions ?? []), ...(this.#plan.nodeOptions ?? [])];
    const options = { cpu, nodeOptions };
    const server = new PeerProcess(options);
    const client = new PeerProcess(options);
    this.#server = server;
    this.#client = client;
    const port = await server.call('serve', this.#setup);
    await client.call('open', this.#setup, port);
    if (this.#case.freshProcesses) await client.call('run');
    return { server, client };
  }
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
    this.#peer = new PeerProcess({ nodeOptions: plan.nodeOptions });
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

/** Median of the CPU time that both ends take together (an engine has one end). */
function bothSides(samples: readonly Sample[]): number {
  return spread(samples.map(({ serverCpu, clientCpu }) => serverCpu + (clientCpu || 0))).median;
}

function summarize(
  { name, title, metric }: BenchCase,
  depth: number,
  keyType: KeyType,
  samples: ReadonlyMap<string, readonly Sample[]>,
): Result[] {
  const ran = [...samples].filter(([, taken]) => taken.length > 0);
  const [baseline, baselineSamples] = ran[0] ?? ['', []];
  const baselineMedian = spread(baselineSamples.map(({ value }) => value)).median;
  const baselineCpu = bothSides(baselineSamples);
  return ran.map(([contestant, taken]) => {
    const value = spread(taken.map((each) => each.value));
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
      value,
      ratio: value.median / baselineMedian,
      cpuRatio: baselineCpu / bothSides(taken),
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
