import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as path from 'node:path';
import type { PeerMethods } from './peer';
import { tie } from './processors';

export type Method = 'serve' | 'open' | 'run' | 'usage' | 'inProcess';

export interface Call {
  readonly id: number;
  readonly method: Method;
  readonly parameters: unknown[];
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

interface Pending {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const EXIT_TIMEOUT_MS = 10_000;

/** A peer process, as the scheduler sees it. */
export class PeerProcess {
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #cpu: number | undefined;

  constructor(nodeOptions: readonly string[] = []) {
    this.#child = spawn(
      process.execPath,
      ['--expose-gc', ...nodeOptions, path.join(__dirname, 'peer.js')],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    );
    this.#child.on('message', (reply: Reply) => this.#settle(reply));
    this.#child.on('error', (error) => this.#abandon(error));
    this.#child.on('exit', (code, signal) =>
      this.#abandon(new Error(`a measured process ended: ${signal ?? code}`)),
    );
  }

  call<M extends Method>(
    method: M,
    ...parameters: Parameters<PeerMethods[M]>
  ): Promise<Awaited<ReturnType<PeerMethods[M]>>> {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.#child.send({ id, method, parameters } satisfies Call);
    });
  }

  /** From now on its main thread runs on this processor only. */
  stayOn(cpu: number): void {
    if (cpu === this.#cpu || this.#child.pid === undefined) return;
    tie(this.#child.pid, cpu);
    this.#cpu = cpu;
  }

  /** Lets the process end by itself, so that what Node writes at its end (profiles) is complete. */
  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    const deadline = setTimeout(() => this.#child.kill('SIGKILL'), EXIT_TIMEOUT_MS);
    this.#child.disconnect();
    await exit;
    clearTimeout(deadline);
  }

  #settle({ id, result, error }: Reply): void {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(error));
  }

  #abandon(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}
