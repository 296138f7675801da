/**
 * One end of the connections, in a process of its own. The scheduler forks it and calls the methods below over IPC.
 */
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createWork, type Work } from './client-work';
import { inProcess } from './in-process';
import type { Call, Reply } from './ipc';
import type { Setup, Usage } from './model';
import { createHandler, ServerState } from './server-roles';
import { loadStack } from './stack';

const RESOLUTION_MS = 1;

class Peer {
  readonly #state = new ServerState();
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  #watchesDelay = false;
  #cpu = process.cpuUsage();
  #work: Work | undefined;

  /** Starts a server and returns its port. */
  serve(setup: Setup): Promise<number> {
    this.#state.expected = setup.work.bytes;
    // A timer a millisecond costs a few percent of a processor: only where the stall is what is asked for.
    this.#watchesDelay = setup.work.work.endsWith('burst');
    const handler = () => createHandler(setup.role, this.#state);
    const server = loadStack(setup.stack).serve(setup, handler);
    // The burst of connections must not be held back by the backlog's default.
    return new Promise((resolve) => {
      server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 }, () => {
        resolve((server.address() as AddressInfo).port);
      });
    });
  }

  /** Gets ready for runs as a client. */
  async open(setup: Setup, port: number): Promise<void> {
    this.#work = await createWork(setup, port, loadStack(setup.stack).client(setup, port));
  }

  run() {
    if (!this.#work) throw new Error('run before open');
    return this.#work.run();
  }

  inProcess = inProcess;

  /** What was used since the last call; in a burst the event loop is watched from the first call on. */
  usage(collectGarbage: boolean): Usage {
    if (collectGarbage) global.gc?.();
    const { user, system } = process.cpuUsage(this.#cpu);
    this.#cpu = process.cpuUsage();
    const stallMs = this.#delay.max / 1e6 - RESOLUTION_MS;
    if (this.#watchesDelay) this.#delay.enable();
    this.#delay.reset();
    return { cpuSeconds: (user + system) / 1e6, rss: process.memoryUsage.rss(), stallMs };
  }
}

export type PeerMethods = Peer;

const peer = new Peer();

process.on('message', async ({ id, method, parameters }: Call) => {
  const target = peer[method] as (...parameters: unknown[]) => unknown;
  try {
    const result = await target.apply(peer, parameters);
    process.send?.({ id, result } satisfies Reply);
  } catch (error) {
    process.send?.({ id, error: (error as Error).stack ?? String(error) } satisfies Reply);
  }
});
// Without the scheduler there is nothing left to do.
process.on('disconnect', () => process.exit());
