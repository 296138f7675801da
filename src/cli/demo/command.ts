/** `onion-tls demo`: N layers on one TCP connection between two processes, in and out again. */
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { connect } from 'node:net';
import { COMMON_OPTIONS, type CommandSpec, runCommand, UsageError } from '../command-line';
import { ProgressBar } from '../progress';
import { parseSize } from '../sizes';
import { HOST } from './listening-end';
import { PeerProcess } from './peer-process';
import { createPlans } from './plan';
import { type Audience, play } from './play';
import {
  describeDepth,
  describeLayer,
  JsonReport,
  PLAIN_TCP,
  type Report,
  TextReport,
} from './report';

const OPTIONS = {
  depth: { type: 'string', value: 'N', default: '5', help: 'how many layers, 1 to 64' },
  bytes: {
    type: 'string',
    value: 'SIZE',
    default: '64MiB',
    help: 'how much each end sends at every depth',
  },
  keylog: {
    type: 'string',
    value: 'FILE',
    help: 'append the secrets of all layers (NSS key log), for Wireshark',
  },
  ...COMMON_OPTIONS,
} as const;

const SPEC: CommandSpec<typeof OPTIONS> = {
  usage: 'demo',
  summary:
    'Starts two processes with one TCP connection, adds TLS layers to it one by one, each with\n' +
    'a fresh certificate, moves data both ways at every depth, and takes the layers off again.\n' +
    'Exit status 0 means that every byte arrived as it was sent.',
  options: OPTIONS,
};

const MAX_DEPTH = 64;
const BYTES_OUT = 64 * 1024;

export function run(argv: string[]): Promise<number> {
  return runCommand(SPEC, argv, async ({ values }) => {
    const depth = readDepth(values.depth);
    const bytes = parseSize(values.bytes);
    const keylog = values.keylog === undefined ? null : openSync(values.keylog, 'a', 0o600);
    try {
      const report = values.json ? new JsonReport() : new TextReport();
      await demonstrate({ depth, bytes, keylog, report });
    } finally {
      if (keylog !== null) closeSync(keylog);
    }
    return 0;
  });
}

function readDepth(text: string): number {
  const depth = Number(text);
  if (!/^\d+$/.test(text) || depth < 1 || depth > MAX_DEPTH) {
    throw new UsageError(`--depth: not a number from 1 to ${MAX_DEPTH}: ${JSON.stringify(text)}`);
  }
  return depth;
}

interface Settings {
  readonly depth: number;
  readonly bytes: number;
  readonly keylog: number | null;
  readonly report: Report;
}

async function demonstrate({ depth, bytes, keylog, report }: Settings): Promise<void> {
  const bytesOut = Math.min(bytes, BYTES_OUT);
  const plans = createPlans(depth, bytes, bytesOut);
  const peer = new PeerProcess(plans.listening);
  const bar = new ProgressBar();
  try {
    const port = await peer.port;
    report.start({ depth, bytes, bytesOut, port, listeningPid: peer.pid });
    const transport = connect(port, HOST);
    await once(transport, 'connect');
    const start = performance.now();
    const played = play(transport, plans.connecting, audience(report, bar, bytes, keylog));
    const [bytesMoved] = await both(played, peer.done);
    const seconds = (performance.now() - start) / 1000;
    report.finish({ depth, bytesMoved, seconds });
  } finally {
    bar.clear();
    peer.kill();
  }
}

function audience(
  report: Report,
  bar: ProgressBar,
  bytes: number,
  keylog: number | null,
): Audience {
  let negotiated = PLAIN_TCP;
  return {
    started: (layer) => {
      negotiated = describeLayer(layer);
    },
    progress: (depth, moved, total) => bar.update(`depth ${depth}`, moved, total),
    wentIn: (depth, seconds, layer) => {
      bar.clear();
      report.wentIn(depth, describeDepth(negotiated, layer, 2 * bytes, seconds));
    },
    cameOut: (depth, stop) => report.cameOut(depth, stop),
    ...(keylog === null ? {} : { keylog: (line: Buffer) => writeSync(keylog, line) }),
  };
}

/** Waits for both ends: when one fails the other does soon, and each may know more than the other. */
async function both<A, B>(one: Promise<A>, other: Promise<B>): Promise<[A, B]> {
  const results = await Promise.allSettled([one, other]);
  const errors = results.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  if (errors.length > 1) throw new AggregateError(errors);
  return Promise.all([one, other]);
}
