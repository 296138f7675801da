/** The process of the listening end, seen from the one that starts it. */
import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { PeerMessage } from './listening-end';
import type { EndPlan } from './plan';

export class PeerProcess {
  readonly #child: ChildProcess;
  /** Where it listens. */
  readonly port: Promise<number>;
  /** Resolves when it has played its plan to the end, and rejects with what went wrong there. */
  readonly done: Promise<void>;

  constructor(plan: EndPlan) {
    this.#child = fork(join(__dirname, 'listening-end.js'), { execArgv: [] });
    this.port = this.#answer((message) =>
      message.kind === 'listening' ? { value: message.port } : null,
    );
    this.done = this.#answer((message) => (message.kind === 'done' ? { value: undefined } : null));
    this.#child.send(plan);
  }

  /** What the first message with an answer says. */
  #answer<T>(read: (message: PeerMessage) => { value: T } | null): Promise<T> {
    const answer = new Promise<T>((resolve, reject) => {
      this.#child.on('message', (message: PeerMessage) => {
        const found = read(message);
        if (message.kind === 'failed') reject(new PeerError(message.lines.join('; ')));
        else if (found !== null) resolve(found.value);
      });
      this.#child.on('error', reject);
      this.#child.on('exit', (code, signal) => {
        reject(new PeerError(`the process ended with ${signal ?? `status ${code}`}`));
      });
    });
    // Both promises are made at once and waited for one after the other.
    answer.catch(() => {});
    return answer;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  kill(): void {
    this.#child.kill();
  }
}

class PeerError extends Error {
  constructor(text: string) {
    super(`listening end: ${text}`);
  }
}
